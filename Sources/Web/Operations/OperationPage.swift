import CRM
import Templating

/// What an operation changed, and the way back.
struct OperationPage: Page {
  let desk: Desk
  let operation: Operation
  let changes: [Line]
  let refusal: Operation.Refusal?

  init(
    _ desk: Desk, _ operation: Operation, _ changes: [OperationChange],
    refusal: Operation.Refusal?
  ) {
    self.refusal = refusal
    self.desk = desk
    self.operation = operation
    self.changes = changes.map { Line($0, currency: desk.viewer.currency) }
  }

  struct Line: Templated {
    let change: OperationChange
    let currency: Currency

    init(_ change: OperationChange, currency: Currency) {
      self.change = change
      self.currency = currency
    }

    private var field: LeadField { LeadField(change.field) }

    private func words(_ value: String?) -> L {
      value.flatMap { $0.isEmpty ? nil : $0 }.map { field.value($0, currency: currency) }
        ?? L(verbatim: "–")
    }

    static let keys = Keys<Line>()
      .text("lead_id") { $0.change.lead?.description }.text("title", \.change.title)
      .text("field") { $0.field.words }
      .text("old") { $0.words($0.change.old) }.text("new") { $0.words($0.change.new) }
      .flag("refused", \.change.isRefused)
  }

  private var refusalWords: L? {
    switch refusal {
    case nil, .undoneBefore, .isImport: nil
    case .laterMerge:
      L("One of these leads was merged into another since. Take that merge back first.")
    case .leavesNobody:
      L("A person would be left without a name, an address and a number.")
    case .addressTaken:
      L(
        "A person's address or number belongs to somebody else by now. Merge the two, or change it there first."
      )
    }
  }

  static let template = "operations/show"
  static let keys = Keys<OperationPage>().include(\.desk)
    .text("refusal") { $0.refusalWords }
    .text("operation_id") { $0.operation.id.description }.text("what", \.operation.words)
    .text("by_name", \.operation.by.name)
    .moment("done") { Moment($0.operation.at, now: $0.desk.viewer.now) }
    .flag("may_undo") {
      $0.operation.undone == nil && $0.operation.kind != .import && $0.desk.viewer.may(.writeLeads)
    }
    .text("undone_by") { $0.operation.undone?.by }
    .moment("undone") { page in
      page.operation.undone.map { Moment($0.at, now: page.desk.viewer.now) }
    }
    .text("refused_words") { page in
      page.operation.undone.flatMap { undone in
        undone.refused == 0
          ? nil
          : L.plural(
            undone.refused, "\(undone.refused) field was edited since and stays as it is.",
            "\(undone.refused) fields were edited since and stay as they are.")
      }
    }
    .flag("has_changes") { !$0.changes.isEmpty }.list("changes", \.changes)
}
