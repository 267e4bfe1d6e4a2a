import CRM
import HTTP
import Templating

/// The start pages: where each role begins.
enum TodayPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/", .member, start)
    router.get("/today", .may(.writeDrafts), today)
  }

  private static func start(_ visit: Visit) throws -> Response {
    let desk = try visit.read()
    let viewer = desk.viewer
    if viewer.roles == [.reviewer] { return try .seeOther(Links.review) }
    return try .seeOther(viewer.may(.writeDrafts) ? Links.today : Links.leads)
  }

  private static func today(_ visit: Visit) throws -> Response {
    let fresh = LeadList(words: nil, stage: .new, after: nil)
    let (desk, drafts, leads) = try visit.read(DraftSummary.mine, fresh.rows)
    return try visit.page(TodayPage(desk, drafts: drafts, leads: leads), desk)
  }
}

struct TodayPage: Page {
  let desk: Desk
  let groups: [Group]
  let waiting: [LeadListPage.Row]
  let hasMore: Bool

  private static let leadsShown = 10

  struct Group: Templated {
    let status: Draft.Status
    let drafts: [DraftLine]

    static let keys = Keys<Group>()
      .text("group_name") { $0.status.words }.text("status_tone") { $0.status.tone }
      .text("count") { $0.drafts.count }.list("drafts", \.drafts)
  }

  init(_ desk: Desk, drafts: [DraftSummary], leads: [LeadSummary]) {
    self.desk = desk
    groups = Draft.Status.allCases.compactMap { status in
      let lines = drafts.filter { $0.status == status }.map { DraftLine($0, now: desk.viewer.now) }
      return lines.isEmpty ? nil : Group(status: status, drafts: lines)
    }
    waiting = leads.prefix(Self.leadsShown).map { LeadListPage.Row($0, desk.viewer) }
    hasMore = leads.count > Self.leadsShown
  }

  static let template = "today/index"
  static let keys = Keys<TodayPage>().include(\.desk)
    .text("today") { ExactTime(time: $0.desk.viewer.now) }
    .list("draft_groups", \.groups)
    .flag("all_done") { $0.groups.isEmpty && $0.waiting.isEmpty }
    .flag("has_waiting_leads") { !$0.waiting.isEmpty }
    .text("waiting_leads_count") { $0.hasMore ? "\(TodayPage.leadsShown)+" : "\($0.waiting.count)" }
    .list("waiting_leads", \.waiting)
    .text("more_leads_url") { $0.hasMore ? "/leads?stage=new" : nil }
}
