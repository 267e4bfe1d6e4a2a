import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Changing many leads at once: look at them, choose what is done, and take it back.
enum BulkPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads/bulk", .may(.writeLeads), choose)
    router.post("/leads/bulk", .may(.writeLeads), carryOut)
    router.get("/operations", .may(.readLeads), list)
    router.get("/operations/{id}", .may(.readLeads), show)
    router.post("/operations/{id}/undo", .may(.writeLeads), undo)
  }

  private static func choose(_ visit: Visit) throws -> Response {
    let query = visit.request.query
    if try query.value("all") != nil, let filter = try visit.filterOfSegment() {
      return try .seeOther(Links.list(Links.bulk, LeadSelection.matching(filter).pairs))
    }
    return try choose(visit, try LeadSelection(query), BulkForm())
  }

  private static func choose(
    _ visit: Visit, _ selection: LeadSelection, _ form: BulkForm, seen: String? = nil
  ) throws -> Response {
    let (desk, leads, members) = try visit.read(selection.summaries, Member.active)
    let page = BulkPage(desk, selection, leads, members: members, form, seen: seen)
    let status: HTTPResponse.Status =
      page.isStale ? .conflict : form.problems.isEmpty ? .ok : .unprocessableContent
    return try visit.page(page, desk, status: status)
  }

  private static func carryOut(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    let selection = try LeadSelection(posted)
    var form = try BulkForm(posted)
    let mark = try posted.value("seen") ?? ""
    guard let change = form.change else {
      return try choose(visit, selection, form, seen: mark)
    }
    let operation = ID<Operation>()
    do {
      return try visit.post { tx in
        try change.carryOut(on: selection, seen: mark, as: operation, in: tx)
        return Links.operation(operation)
      }
    } catch Lead.Refusal.othersNow {
      return try choose(visit, selection, form, seen: mark)
    } catch let refusal as Lead.Refusal {
      guard form.explain(refusal) else { throw refusal }
      return try choose(visit, selection, form, seen: mark)
    } catch let error as PostgresError {
      guard let refusal = Lead.Refusal(error), form.explain(refusal) else { throw error }
      return try choose(visit, selection, form, seen: mark)
    }
  }

  private static func list(_ visit: Visit) throws -> Response {
    let before = try visit.queryID("before", of: Operation.self)
    let (desk, operations) = try visit.read(Operation.latest(before: before))
    return try visit.page(OperationListPage(desk, operations, before: before), desk)
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, id: try visit.id(Operation.self), refusal: nil)
  }

  private static func show(
    _ visit: Visit, id: ID<Operation>, refusal: Operation.Refusal?
  ) throws -> Response {
    let (desk, operation, changes) = try visit.read(
      Operation.find(id), OperationChange.all(of: id))
    guard let operation else { throw NotFound() }
    // An import has a page of its own, for who may see it.
    if let leadImport = operation.leadImport, desk.viewer.may(.writeLeads) {
      return try .seeOther(Links.leadImport(leadImport, try visit.notice))
    }
    return try visit.page(
      OperationPage(desk, operation, changes, refusal: refusal), desk,
      status: refusal == nil ? .ok : .conflict)
  }

  private static func undo(_ visit: Visit) throws -> Response {
    let id = try visit.id(Operation.self)
    do {
      return try visit.post { tx in
        try Operation.undo(id, in: tx)
        return Links.operation(id)
      }
    } catch Operation.Refusal.undoneBefore {
      return try .seeOther(Links.operation(id))
    } catch Operation.Refusal.isImport {
      return try .seeOther(Links.operation(id, .importHasAPage))
    } catch let error as PostgresError {
      guard let refusal = Operation.Refusal(error) else { throw error }
      guard refusal != .undoneBefore else { return try .seeOther(Links.operation(id)) }
      return try show(visit, id: id, refusal: refusal)
    }
  }
}

struct BulkPage: Page {
  let desk: Desk
  let selection: LeadSelection
  let form: BulkForm
  let rows: [LeadListPage.Row]
  let count: Int
  let mark: String
  let owners: [Choice]
  /// Others than were seen are there now.
  let isStale: Bool

  private static let shown = 100

  init(
    _ desk: Desk, _ selection: LeadSelection, _ leads: [LeadSummary], members: [Member],
    _ form: BulkForm, seen: String?
  ) {
    self.desk = desk
    self.selection = selection
    self.form = form
    rows = leads.prefix(Self.shown).map { LeadListPage.Row($0, desk.viewer) }
    count = leads.count
    let mark = LeadSelection.mark(of: leads.map(\.id))
    self.mark = mark
    isStale = seen.map { $0 != mark } ?? false
    owners =
      [Choice(value: "", name: L("Choose"), isSelected: form.owner.typed.isEmpty)]
      + Choice.owners(
        members, chosen: form.owner.typed, nobody: L("Nobody"), is: BulkForm.nobody)
  }

  private var isTooMany: Bool { count > LeadList.bulkMax }
  private var backURL: String {
    switch selection {
    case .chosen: Links.leads
    case .matching(let filter): Links.list(Links.leads, filter.pairs)
    }
  }

  static let template = "operations/bulk"
  static let keys = Keys<BulkPage>().include(\.desk)
    .text("chosen") { page in
      page.isTooMany
        ? L("more than \(LeadList.bulkMax) leads")
        : L.plural(page.count, "\(page.count) lead", "\(page.count) leads")
    }
    .text("seen", \.mark).flag("none_chosen") { $0.count == 0 }
    .flag("too_many", \.isTooMany).text("bulk_max") { _ in String(LeadList.bulkMax) }
    .flag("can_change") { $0.count > 0 && !$0.isTooMany }
    .flag("stale", \.isStale).text("back_url", \.backURL)
    .text("selection", \.selection.text)
    .flag("has_more") { $0.count > $0.rows.count }
    .text("more") { L("and \($0.count - $0.rows.count) more") }
    .list("leads", \.rows).list("owner_options", \.owners)
    .list("stage_options") { page in
      Choice.all(chosen: page.form.stage.typed) { (stage: Lead.Stage) in stage.words }
    }
    .text("owner_error", \.form.owner.error)
    .text("assign_reason", \.form.assignReason.typed)
    .text("assign_reason_error", \.form.assignReason.error)
    .text("add_tags", \.form.added.typed).text("add_tags_error", \.form.added.error)
    .text("remove_tags", \.form.removed.typed).text("remove_tags_error", \.form.removed.error)
    .text("stage_error", \.form.stage.error)
    .text("stage_reason", \.form.stageReason.typed)
    .text("stage_reason_error", \.form.stageReason.error)
    .text("archive_error", \.form.archiveError)
    .flag("has_errors") { !$0.form.problems.isEmpty }.list("errors") { $0.form.problems }
    .text("assign_button") { L.plural($0.count, "Give \($0.count) lead", "Give \($0.count) leads") }
    .text("tag_button") { L.plural($0.count, "Tag \($0.count) lead", "Tag \($0.count) leads") }
    .text("stage_button") { L.plural($0.count, "Move \($0.count) lead", "Move \($0.count) leads") }
    .text("archive_button") {
      L.plural($0.count, "Archive \($0.count) lead", "Archive \($0.count) leads")
    }
}
