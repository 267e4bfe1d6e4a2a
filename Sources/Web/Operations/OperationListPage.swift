import CRM
import HTTP
import Templating

/// What was done to many leads lately, and whether it was taken back.
struct OperationListPage: Page {
  let desk: Desk
  let operations: [Line]
  let newestURL: String?
  let olderURL: String?

  init(_ desk: Desk, _ found: [Operation], before: ID<Operation>?) {
    self.desk = desk
    operations = found.prefix(Operation.pageSize).map {
      Line(operation: $0, done: Moment($0.at, now: desk.viewer.now))
    }
    newestURL = before == nil ? nil : Links.operations
    olderURL =
      found.count > Operation.pageSize
      ? Links.list(
        Links.operations, [("before", found[Operation.pageSize - 1].id.description)]) : nil
  }

  struct Line: Templated {
    let operation: Operation
    let done: Moment

    static let keys = Keys<Line>()
      .text("operation_id") { $0.operation.id.description }.text("what", \.operation.words)
      .text("by_name", \.operation.by.name).text("undone_by") { $0.operation.undone?.by }
      .moment("done") { $0.done }
  }

  static let template = "operations/list"
  static let keys = Keys<OperationListPage>().include(\.desk)
    .flag("has_operations") { !$0.operations.isEmpty }.list("operations", \.operations)
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)
}

extension Operation {
  var words: L {
    switch (kind, action) {
    case (.bulk, "assign"): L.plural(subjects, "\(subjects) lead given", "\(subjects) leads given")
    case (.bulk, "tag"): L.plural(subjects, "\(subjects) lead tagged", "\(subjects) leads tagged")
    case (.bulk, "stage"): L.plural(subjects, "\(subjects) lead moved", "\(subjects) leads moved")
    case (.bulk, _):
      L.plural(subjects, "\(subjects) lead archived", "\(subjects) leads archived")
    case (.merge, "contacts"): L("Two people merged")
    case (.merge, _): L("Two leads merged")
    case (.import, _) where isBeingWritten: L("Leads are being imported")
    case (.import, _):
      L.plural(subjects, "\(subjects) lead imported", "\(subjects) leads imported")
    }
  }
}
