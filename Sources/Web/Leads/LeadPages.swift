import CRM
import CSV
import HTTP
import HTTPTypes
import Templating

/// Looking at leads: the list and the record.
enum LeadPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/leads", .may(.readLeads), list)
    router.get("/leads.csv", .may(.readLeads), export)
    router.get("/leads/{id}", .may(.readLeads), show)
  }

  private static func list(_ visit: Visit) throws -> Response {
    let list = try LeadList(visit)
    // The list as it is opened all day asks for its rows only: all leads are not counted, and the
    // form for filters has its own address.
    let isFormOpen = try visit.request.query.value("filters") != nil
    guard list.filter.isNarrow || isFormOpen else {
      let (desk, rows) = try visit.read(list.rows)
      return try visit.page(LeadListPage(desk, list, rows, count: nil, members: nil), desk)
    }
    let (desk, rows, count, members) = try visit.read(list.rows, list.count, Member.active)
    return try visit.page(
      LeadListPage(
        desk, list, rows, count: list.filter.isNarrow ? count : nil, members: members,
        isFormOpen: isFormOpen), desk)
  }

  /// The list as a file. More than fits is no file that looks complete: the list page says so.
  private static func export(_ visit: Visit) throws -> Response {
    let list = try LeadList(visit)
    let (_, rows) = try visit.read(LeadExport.rows(of: list))
    guard rows.count <= LeadList.exportMax else {
      return try .seeOther(
        Links.list(Links.leads, list.pairs + [("said", Notice.exportTooLong.rawValue)]))
    }
    var file = CSVWriter()
    file.write(LeadExport.header)
    for row in rows { file.write(row) }
    var response = Response(status: .ok, body: file.bytes)
    try response.add(.contentType, "text/csv; charset=utf-8")
    try response.add(.contentDisposition, "attachment; filename=\"leads.csv\"")
    return response
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, id: try visit.id(Lead.self), returned: nil)
  }

  /// The record page; `returned` is the one of its forms that came back with something wrong.
  static func show(
    _ visit: Visit, id: ID<Lead>, returned: LeadDeedForm?
  ) throws -> Response {
    let before = try visit.queryID("before", of: Activity.self)
    let (desk, lead, contacts, steps, ending, drafts, activities, region) = try visit.read(
      Lead.find(id), Contact.all(of: id), StageStep.all(of: id), OutcomeChange.latest(of: id),
      DraftSummary.all(of: id), Activity.latest(of: id, before: before),
      Tenant.phoneRegion)
    guard let lead else { throw NotFound() }
    let page = LeadPage(
      desk, lead, contacts: contacts, steps: steps, ending: ending, drafts: drafts,
      activities: activities, phoneRegion: region, returned: returned)
    return try visit.page(page, desk, status: returned == nil ? .ok : .unprocessableContent)
  }
}
