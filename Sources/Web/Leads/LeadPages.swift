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
    router.get("/leads/{id}/drafts", .may(.readLeads), drafts)
    router.get("/leads/{id}/conversation", .may(.readLeads), conversation)
    router.get("/leads/{id}/history", .may(.readLeads), history)
  }

  private static func list(_ visit: Visit) throws -> Response {
    let asked = try LeadList(visit)
    // The list as it is opened all day asks for its rows only: all leads are not counted, and the
    // form for filters has its own address.
    let isFormOpen = try visit.request.query.value("filters") != nil
    guard asked.filter.isNarrow || asked.segment != nil || isFormOpen else {
      let (desk, rows) = try visit.read(asked.rows)
      return try visit.page(
        try LeadListPage(desk, asked, rows, segment: nil), desk)
    }
    guard isFormOpen else {
      let (desk, rows, segment, members) = try visit.read(
        asked.rows, Segment.find(asked.segment), Member.active)
      let list = try asked.resolved(by: segment)
      return try visit.page(
        try LeadListPage(desk, list, rows, segment: segment, members: members), desk)
    }
    let (desk, rows, segment, members, sources, clients) = try visit.read(
      asked.rows, Segment.find(asked.segment), Member.active, LeadFilter.knownSources,
      Client.names)
    let list = try asked.resolved(by: segment)
    return try visit.page(
      try LeadListPage(
        desk, list, rows, segment: segment, members: members, sources: sources,
        clients: clients, isFormOpen: true), desk)
  }

  /// The list as a file. More than fits is no file that looks complete: the list page says so.
  private static func export(_ visit: Visit) throws -> Response {
    let asked = try LeadList(visit)
    var list = asked
    var file: CSVDownload?
    var count = 0
    do {
      try visit.stream(
        Segment.find(asked.segment),
        choose: { desk, segment in
          list = try asked.resolved(by: segment)
          let style = LeadExport.style(desk.viewer.locale)
          file = try CSVDownload(
            for: desk.viewer, visit.shared.heavyWork, CSVWriter(delimiter: style.delimiter))
          try file?.write(style.header)
          return LeadExport.rows(of: list, style)
        },
        each: { rows in
          count += rows.count
          guard count <= LeadList.exportMax else { throw LeadExport.TooLong() }
          for row in rows { try file?.write(row) }
        })
    } catch is LeadExport.TooLong {
      return try .seeOther(
        Links.list(Links.leads, list.pairs + [("said", Notice.exportTooLong.rawValue)]))
    }
    guard let answer = try file?.response(named: "leads.csv") else { throw NotFound() }
    return answer
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, id: try visit.id(Lead.self), returned: nil)
  }

  /// The record; `returned` is the one of its forms that came back with something wrong.
  static func show(_ visit: Visit, id: ID<Lead>, returned: ReturnedForm?) throws -> Response {
    if case .deed(let form) = returned, form.deed.tab == .conversation {
      return try conversation(visit, id: id, returned: returned)
    }
    let filter = try Activity.Filter(visit.request.query)
    let before = try visit.queryID("before", of: Activity.self)
    let (record, activities, actors) = try visit.readRecord(
      id, .timeline, returned: returned, Activity.latest(of: id, filter, before: before),
      Activity.actors(on: id))
    let page = LeadTimelinePage(
      record, filter, before: before, activities, actors: actors)
    return try visit.page(page, record.desk, status: returned?.status ?? .ok)
  }

  private static func drafts(_ visit: Visit) throws -> Response {
    // Every record needs its drafts for the next step: nothing is asked besides.
    let record = try visit.readRecord(try visit.id(Lead.self), .drafts)
    return try visit.page(LeadDraftsPage(record: record), record.desk)
  }

  private static func conversation(_ visit: Visit) throws -> Response {
    try conversation(visit, id: try visit.id(Lead.self), returned: nil)
  }

  private static func conversation(
    _ visit: Visit, id: ID<Lead>, returned: ReturnedForm?
  ) throws -> Response {
    let before = try visit.queryID("before", of: ConversationMessage.self)
    let (record, messages) = try visit.readRecord(
      id, .conversation, returned: returned, ConversationMessage.latest(of: id, before: before))
    return try visit.page(
      LeadConversationPage(record, messages, before: before), record.desk,
      status: returned == nil ? .ok : .unprocessableContent)
  }

  private static func history(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    let before = try visit.queryID("before", of: FieldHistory.self)
    let (record, steps, fields) = try visit.readRecord(
      id, .history, AxisStep.all(of: id), FieldHistory.of(id, before: before))
    return try visit.page(
      LeadHistoryPage(record, steps, fields, before: before), record.desk)
  }
}
