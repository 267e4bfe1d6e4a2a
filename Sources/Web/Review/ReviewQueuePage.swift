import CRM
import Templating

struct ReviewQueuePage: Page {
  let desk: Desk
  let items: [Item]
  let own: [Item]
  let newestURL: String?
  let olderURL: String?

  struct Item: Templated {
    let draft: WaitingDraft
    let submitted: Moment

    static let keys = Keys<Item>()
      .text("draft_id") { $0.draft.id.description }
      .text("subject", \.draft.subject).text("lead_title", \.draft.leadTitle)
      .text("company", \.draft.company).text("type_name") { $0.draft.type.words }
      .text("version", \.draft.version).text("author_name", \.draft.authorName)
      .text("warning") { $0.draft.isSuppressed ? L("No e-mail may go to this lead") : nil }
      .moment("submitted") { $0.submitted }
  }

  init(_ desk: Desk, _ waiting: [WaitingDraft], after: ID<Draft>?) {
    self.desk = desk
    let page = waiting.prefix(ReviewQueue.pageSize)
    let lines = page.map {
      Item(draft: $0, submitted: Moment($0.submittedAt, now: desk.viewer.now))
    }
    items = lines.filter { !$0.draft.isOwn }
    own = lines.filter(\.draft.isOwn)
    newestURL = after == nil ? nil : Links.review
    olderURL =
      waiting.count > ReviewQueue.pageSize
      ? Links.list(Links.review, [("after", page.last?.id.description)]) : nil
  }

  static let template = "review/queue"
  static let keys = Keys<ReviewQueuePage>().include(\.desk)
    .text("total") { _ in String?.none }
    .flag("has_items") { !$0.items.isEmpty }.list("items", \.items)
    .flag("none_waiting") { $0.items.isEmpty }
    .flag("has_own_items") { !$0.own.isEmpty }.list("own_items", \.own)
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}
