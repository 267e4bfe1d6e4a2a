import CRM
import Templating

/// What a lead was before: its steps along each axis, and every field as it changed.
struct LeadHistoryPage: Page {
  let record: LeadRecord
  let steps: [AxisStepLine]
  let fields: [FieldHistoryLine]
  let newestURL: String?
  let olderURL: String?

  init(
    _ record: LeadRecord, _ steps: [AxisStep], _ found: [FieldHistory], before: ID<FieldHistory>?
  ) {
    self.record = record
    let (viewer, here) = (record.desk.viewer, LeadTab.history.url(record.lead.id))
    self.steps = steps.map { AxisStepLine($0, viewer) }
    fields = found.prefix(FieldHistory.pageSize).map { FieldHistoryLine($0, viewer) }
    newestURL = before == nil ? nil : here
    olderURL =
      found.count > FieldHistory.pageSize
      ? Links.list(here, [("before", found[FieldHistory.pageSize - 1].id.description)]) : nil
  }

  static let template = "leads/history"
  static let keys = Keys<LeadHistoryPage>().include(\.record)
    .list("steps", \.steps).flag("has_fields") { !$0.fields.isEmpty }.list("fields", \.fields)
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

struct AxisStepLine: Templated {
  let axis: L
  let from: L?
  let to: L
  let cause: L?
  let reason: String?
  let value: MoneyText?
  let actor: L
  let moment: Moment

  init(_ step: AxisStep, _ viewer: Viewer) {
    let field = LeadField(step.axis.rawValue)
    axis = field.words
    from = step.from.map { field.value($0, currency: viewer.currency) }
    to = step.to.map { field.value($0, currency: viewer.currency) } ?? L("nobody")
    cause = step.trigger?.words ?? step.strategy?.cause(step.reason)
    // What chose an owner by itself is no words of anybody's.
    reason = step.strategy ?? .manual == .manual ? step.reason : nil
    value = step.value.map { MoneyText(money: $0, currency: viewer.currency) }
    actor = step.actorName.map { L(verbatim: $0) } ?? L("CloserFlow")
    moment = Moment(step.at, now: viewer.now)
  }

  static let keys = Keys<AxisStepLine>()
    .text("axis", \.axis).text("from", \.from).text("to", \.to).text("cause", \.cause)
    .text("reason", \.reason).text("value", \.value).text("actor_name", \.actor).moment("happened")
  { $0.moment }
}

struct FieldHistoryLine: Templated {
  let field: L
  let old: L?
  let new: L?
  let actor: L
  let moment: Moment

  init(_ change: FieldHistory, _ viewer: Viewer) {
    let lead = LeadField(change.field)
    field = lead.words
    func words(_ value: String?) -> L? {
      value.flatMap { $0.isEmpty ? nil : lead.value($0, currency: viewer.currency) }
    }
    old = words(change.old)
    new = words(change.new)
    actor = change.actorName.map { L(verbatim: $0) } ?? L("CloserFlow")
    moment = Moment(change.at, now: viewer.now)
  }

  static let keys = Keys<FieldHistoryLine>()
    .text("field", \.field).text("old", \.old).text("new", \.new).text("actor_name", \.actor)
    .moment("happened") { $0.moment }
}
