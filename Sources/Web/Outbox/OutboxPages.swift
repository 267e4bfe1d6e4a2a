import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// What went out, what waits, and what a person has to settle.
enum OutboxPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/outbox", .may(.readOutbox), list)
    router.get("/outbox/{id}", .may(.readOutbox), show)
    router.post("/outbox/{id}/resolution", .may(.resolveOutbox), resolve)
  }

  private static func list(_ visit: Visit) throws -> Response {
    let list = DeliveryList(
      state: try visit.request.query.value("state").flatMap(Delivery.State.init),
      after: try visit.queryID("after", of: Delivery.self))
    let (desk, rows) = try visit.read(list.rows)
    return try visit.page(DeliveryListPage(desk, list, rows), desk)
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, id: try visit.id(Delivery.self), comment: Field())
  }

  private static func show(
    _ visit: Visit, id: ID<Delivery>, comment: Field<String, L>
  ) throws -> Response {
    let (desk, delivery, attempts, decision) = try visit.read(
      Delivery.find(id), DeliveryAttempt.all(of: id), PolicyDecision.latest(of: id))
    guard let delivery else { throw NotFound() }
    let page = DeliveryPage(
      desk, delivery, attempts: attempts, decision: decision, comment: comment)
    return try visit.page(page, desk, status: comment.error == nil ? .ok : .unprocessableContent)
  }

  private static func resolve(_ visit: Visit) throws -> Response {
    let id = try visit.id(Delivery.self)
    let posted = try visit.request.form
    guard let resolution = try posted.value("resolution").flatMap(Delivery.Resolution.init) else {
      throw ClientError.badRequest("no resolution")
    }
    let comment: Field<String, L> = try posted.multiline(
      "comment", max: 500, orElse: L("Say why, for those who come after you."))
    guard let said = comment.value else { return try show(visit, id: id, comment: comment) }
    do {
      return try visit.post { tx in
        try Delivery.resolve(id, as: resolution, comment: said.trimmed, in: tx)
        return Links.delivery(id, .deliveryResolved)
      }
    } catch let error as PostgresError {
      guard Delivery.Refusal(error) == .movedOn else { throw error }
      return ErrorPages.page(.conflict, visit)
    }
  }
}

struct DeliveryListPage: Page {
  let desk: Desk
  let stateLinks: [FilterLink]
  let rows: [Row]
  let newestURL: String?
  let olderURL: String?
  let isNarrowed: Bool

  /// The states worth a filter; what is being sent passes too quickly.
  private static let filters: [Delivery.State] = [
    .ready, .sent, .uncertain, .blocked, .dead, .cancelled,
  ]

  init(_ desk: Desk, _ list: DeliveryList, _ found: [DeliverySummary]) {
    self.desk = desk
    isNarrowed = list.state != nil
    stateLinks = FilterLink.all(Self.filters, chosen: list.state, words: \.words) { state in
      Links.list(Links.outbox, [("state", state?.rawValue)])
    }
    rows = found.prefix(DeliveryList.pageSize).map { Row($0, now: desk.viewer.now) }
    let state: [(name: String, value: String?)] = [("state", list.state?.rawValue)]
    newestURL = list.after == nil ? nil : Links.list(Links.outbox, state)
    olderURL =
      found.count > DeliveryList.pageSize
      ? Links.list(
        Links.outbox, state + [("after", found[DeliveryList.pageSize - 1].id.description)])
      : nil
  }

  struct Row: Templated {
    let delivery: DeliverySummary
    let created: Moment
    let nextTry: Moment?

    init(_ delivery: DeliverySummary, now: Timestamp) {
      self.delivery = delivery
      created = Moment(delivery.createdAt, now: now)
      nextTry = delivery.state == .ready ? Moment(delivery.runAt, now: now) : nil
    }

    static let keys = Keys<Row>()
      .text("delivery_id") { $0.delivery.id.description }
      .text("recipient", \.delivery.recipient).text("channel_name") { _ in L("E-mail") }
      .text("subject", \.delivery.subject).text("lead_title", \.delivery.leadTitle)
      .text("state_name") { $0.delivery.state.words }.text("state_tone") { $0.delivery.state.tone }
      .text("state_reason") { DeliveryReason($0.delivery.state, $0.delivery.reason).words }
      .text("attempt_count", \.delivery.attempts)
      .moment("next_try") { $0.nextTry }.moment("created") { $0.created }
  }

  static let template = "outbox/list"
  static let keys = Keys<DeliveryListPage>().include(\.desk)
    .text("total") { _ in String?.none }.list("state_links", \.stateLinks)
    .flag("has_deliveries") { !$0.rows.isEmpty }.list("deliveries", \.rows)
    .flag("none_yet") { $0.rows.isEmpty && !$0.isNarrowed }
    .flag("none_match") { $0.rows.isEmpty && $0.isNarrowed }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

/// Why a delivery stands where it stands: a rule's name becomes words, a server's answer stays as it
/// came.
struct DeliveryReason {
  let words: L?

  init(_ state: Delivery.State, _ reason: String?) {
    guard let reason, ![.sent, .cancelled].contains(state) else {
      words = nil
      return
    }
    words = PolicyGate.Rule(rawValue: reason)?.no(because: nil) ?? L(verbatim: reason)
  }
}
