import CRM
import HTTP
import Secrets
import Templating

/// The frame around every signed-in page: navigation with counts, who is looking, a word about what
/// just happened, and what its forms need.
struct Desk: Templated, Sendable {
  let viewer: Viewer
  private let frame: Frame
  private let viewerRoles: L
  private let reviewCount: String?
  private let outboxCount: String?
  private let notificationCount: String?

  init(_ frame: Frame, _ viewer: Viewer, _ counts: DeskCounts) {
    self.frame = frame
    self.viewer = viewer
    viewerRoles = Role.words(for: viewer.roles)
    reviewCount = Self.capped(counts.waitingForReview)
    outboxCount = Self.capped(counts.deliveriesThatStandStill)
    notificationCount = Self.capped(counts.unreadNotifications)
  }

  /// What is known before anybody asked the database.
  struct Frame: Sendable {
    let cssURL: String
    let jsURL: String
    let iconURL: String
    let token: String
    let once: String
    let notice: Notice?
    let section: String

    init(_ visit: Visit) throws {
      cssURL = visit.shared.assets.url("css/site.css")
      jsURL = visit.shared.assets.url("js/site.js")
      iconURL = visit.shared.assets.url("icons/closerflow.svg")
      token = visit.token.map { FormToken(of: $0).masked() } ?? ""
      once = ID<Posting>().description
      notice = try visit.notice
      section = Self.section(of: visit.request.path.segments)
    }

    /// The part of the site that the page belongs to: its path's first word, but for a decision,
    /// which is posted to the draft and made in the review.
    private static func section(of path: [String]) -> String {
      let decisions = ["approval", "rejection", "change-request"]
      return path.last.map(decisions.contains) == true ? "review" : path.first ?? ""
    }
  }

  /// What the viewer may decide on, as text; nil for nothing, and for who does not review.
  var waitingForReview: String? { viewer.may(.review) ? reviewCount : nil }

  private static func capped(_ count: Int) -> String? {
    switch count {
    case 0: nil
    case ...DeskCounts.cap: String(count)
    default: "\(DeskCounts.cap)+"
    }
  }

  private func isCurrent(_ section: String) -> Bool { frame.section == section }

  static let keys = Keys<Desk>()
    .text("css_url", \.frame.cssURL).text("js_url", \.frame.jsURL).text("icon_url", \.frame.iconURL)
    .text("token", \.frame.token).text("once", \.frame.once)
    .text("language", \.viewer.locale).text("tenant_name", \.viewer.tenantName)
    .text("viewer_name", \.viewer.name).text("viewer_roles", \.viewerRoles)
    .text("notice") { $0.frame.notice?.words }
    .text("notice_tone") { ($0.frame.notice?.tone ?? .fine).rawValue }
    .text("request_id") { _ in String?.none }
    .text("today_count") { _ in String?.none }.text("leads_count") { _ in String?.none }
    .text("review_count", \.reviewCount).text("outbox_count", \.outboxCount)
    .text("notification_count", \.notificationCount)
    .flag("show_today") { $0.viewer.may(.writeDrafts) }
    .flag("show_leads") { $0.viewer.may(.readLeads) }
    .flag("show_review") { $0.viewer.may(.review) }
    .flag("show_outbox") { $0.viewer.may(.readOutbox) }
    .flag("show_settings") { $0.viewer.may(.administer) }
    .flag("nav_settings_current") { $0.isCurrent("settings") }
    .flag("nav_today_current") { $0.isCurrent("today") }
    .flag("nav_leads_current") { desk in
      ["leads", "drafts", "questions", "imports", "contacts", "operations", "segments"]
        .contains { desk.isCurrent($0) }
    }
    .flag("nav_review_current") { $0.isCurrent("review") }
    .flag("nav_outbox_current") { $0.isCurrent("outbox") }
    .flag("nav_notifications_current") { $0.isCurrent("notifications") }
}

/// A word and a shape beside a state: all is well, look here, stop, or nothing to say.
enum Tone: String, Sendable {
  case fine, look, stop, plain
}

extension Tone: TemplateText {
  var isEmpty: Bool { false }
  func text(in language: Language) -> String { rawValue }
}
