import CRM
import HTTP
import Templating

/// What the viewer was told.
enum NotificationPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/notifications", .member, list)
    router.post("/notifications/reading", .member, readAll)
    router.post("/notifications/{id}/reading", .member, read)
  }

  private static func list(_ visit: Visit) throws -> Response {
    let before = try visit.queryID("before", of: Notification.self)
    let (desk, rows) = try visit.read(Notification.mine(before: before))
    return try visit.page(NotificationListPage(desk, rows, before: before), desk)
  }

  private static func read(_ visit: Visit) throws -> Response {
    let id = try visit.id(Notification.self)
    return try visit.post { tx in
      try Notification.markRead(id, in: tx)
      return Links.notifications
    }
  }

  private static func readAll(_ visit: Visit) throws -> Response {
    try visit.post { tx in
      Notification.markAllRead(in: tx)
      return Links.notifications
    }
  }
}

struct NotificationListPage: Page {
  let desk: Desk
  let rows: [NotificationLine]
  let newestURL: String?
  let olderURL: String?

  init(_ desk: Desk, _ found: [Notification], before: ID<Notification>?) {
    self.desk = desk
    rows = found.prefix(Notification.pageSize).map { NotificationLine($0, desk.viewer) }
    newestURL = before == nil ? nil : Links.notifications
    olderURL =
      found.count > Notification.pageSize
      ? Links.list(
        Links.notifications, [("before", found[Notification.pageSize - 1].id.description)]) : nil
  }

  static let template = "notifications/list"
  static let keys = Keys<NotificationListPage>().include(\.desk)
    .flag("has_notifications") { !$0.rows.isEmpty }.list("notifications", \.rows)
    .flag("has_unread") { $0.rows.contains { !$0.isRead } }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

struct NotificationLine: Templated {
  let id: String
  let summary: L
  /// Nothing of a lead is said to who may not open it.
  let url: String?
  let title: L?
  let excerpt: String?
  let isRead: Bool
  let moment: Moment

  init(_ notification: Notification, _ viewer: Viewer) {
    let isOpen = viewer.may(.readLeads)
    id = notification.id.description
    summary = notification.words
    let place = isOpen ? notification.place : nil
    url = place?.url
    title = place?.title
    excerpt = isOpen ? notification.excerpt : nil
    isRead = notification.isRead
    moment = Moment(notification.at, now: viewer.now)
  }

  static let keys = Keys<NotificationLine>()
    .text("notification_id", \.id).text("summary", \.summary).text("url", \.url)
    .text("title", \.title).text("excerpt", \.excerpt).flag("read", \.isRead)
    .moment("told") { $0.moment }
}

extension Notification {
  fileprivate var words: L {
    let actor = actorName ?? "CloserFlow"
    let count = count ?? 1
    return switch kind {
    case .mentioned: L("\(actor) mentioned you in a note")
    case .assigned:
      L.plural(count, "\(actor) gave you a lead", "\(actor) gave you \(count) leads")
    case .questionsReady:
      L.plural(count, "\(count) question was proposed", "\(count) questions were proposed")
    case .questionsFailed: L("No questions could be proposed")
    case .importChecked: L("Your file was checked and waits for your word")
    case .importDone: L("Your import is done")
    case .importUndone: L("Your import was taken back")
    case .importFailed: L("Your import stopped before its end")
    }
  }

  /// Where it leads to, and what that is called.
  fileprivate var place: (url: String, title: L)? {
    if let leadImport { return (Links.leadImport(leadImport), L(verbatim: fileName ?? "")) }
    guard let lead else { return operation.map { (Links.operation($0), L("What changed")) } }
    let title = L(verbatim: leadTitle ?? "")
    if let note { return (Links.note(note, on: lead), title) }
    let isAboutQuestions = [.questionsReady, .questionsFailed].contains(kind)
    return (isAboutQuestions ? Links.discovery(lead) : Links.lead(lead), title)
  }
}
