import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Saved lists of leads.
enum SegmentPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/segments", .may(.readLeads), list)
    router.get("/segments/new", .may(.readLeads), new)
    router.post("/segments", .may(.readLeads), create)
    router.get("/segments/{id}", .may(.readLeads), open)
    router.get("/segments/{id}/edit", .may(.readLeads), edit)
    router.post("/segments/{id}", .may(.readLeads), save)
    router.post("/segments/{id}/filter", .may(.readLeads), keepFilter)
    router.post("/segments/{id}/count", .may(.readLeads), recount)
    router.post("/segments/{id}/deletion", .may(.readLeads), delete)
  }

  private static func list(_ visit: Visit) throws -> Response {
    let (desk, segments) = try visit.read(Segment.all)
    return try visit.page(SegmentListPage(desk, segments), desk)
  }

  /// The link that a renamed segment keeps leads to its list.
  private static func open(_ visit: Visit) throws -> Response {
    let id = try visit.id(Segment.self)
    let (_, segment) = try visit.read(Segment.find(id))
    guard let segment else { throw NotFound() }
    return try .seeOther(segment.listURL)
  }

  private static func new(_ visit: Visit) throws -> Response {
    let list = try LeadList(visit)
    let desk = try visit.read()
    return try visit.page(SegmentPage(desk, SegmentForm(), of: .new(list)), desk)
  }

  private static func create(_ visit: Visit) throws -> Response {
    let posted = try visit.request.form
    let list = try LeadList(posted)
    return try keep(visit, try SegmentForm(posted), .new(list)) { name, isShared, tx in
      Segment.save(list, name: name, isShared: isShared, as: ID(), in: tx)
    }
  }

  private static func edit(_ visit: Visit) throws -> Response {
    let id = try visit.id(Segment.self)
    let (desk, segment) = try visit.read(Segment.find(id))
    guard let segment, segment.isMine else { throw NotFound() }
    return try visit.page(SegmentPage(desk, SegmentForm(segment), of: .saved(id)), desk)
  }

  private static func save(_ visit: Visit) throws -> Response {
    let id = try visit.id(Segment.self)
    let form = try SegmentForm(visit.request.form)
    return try keep(visit, form, .saved(id)) { name, isShared, tx in
      try Segment.change(id, in: tx) { $0.rename(name, isShared: isShared, in: tx) }
    }
  }

  private static func keep(
    _ visit: Visit, _ form: SegmentForm, _ subject: SegmentPage.Subject,
    _ act: (String, Bool, Transaction<PostEntry>) throws -> Void
  ) throws -> Response {
    var form = form
    if let name = form.name.value {
      do {
        return try visit.post { tx in
          try act(name, form.isShared, tx)
          return Links.said(Links.segments, .segmentSaved)
        }
      } catch let error as PostgresError {
        guard Segment.Refusal(error) == .nameTaken else { throw error }
        form.name.error = L("You have a segment of this name already.")
      }
    }
    let desk: Desk
    switch subject {
    case .new: desk = try visit.read()
    case .saved(let id):
      let (entered, segment) = try visit.read(Segment.find(id))
      guard segment?.isMine == true else { throw NotFound() }
      desk = entered
    }
    return try visit.page(
      SegmentPage(desk, form, of: subject), desk, status: .unprocessableContent)
  }

  /// What its list shows by now becomes its own.
  private static func keepFilter(_ visit: Visit) throws -> Response {
    let id = try visit.id(Segment.self)
    let list = try LeadList(visit.request.form)
    return try visit.post { tx in
      var url = Links.segments
      try Segment.change(id, in: tx) { segment in
        segment.keep(list, in: tx)
        url = segment.url(said: .segmentSaved)
      }
      return url
    }
  }

  private static func recount(_ visit: Visit) throws -> Response {
    let id = try visit.id(Segment.self)
    return try visit.post { tx in
      try Segment.change(id, in: tx) { $0.recount(in: tx) }
      return Links.said(Links.segments, .segmentCounted)
    }
  }

  private static func delete(_ visit: Visit) throws -> Response {
    let id = try visit.id(Segment.self)
    return try visit.post { tx in
      try Segment.change(id, in: tx) { $0.delete(in: tx) }
      return Links.said(Links.segments, .segmentDeleted)
    }
  }
}

extension Segment {
  var listURL: String { url() }

  /// Its list says it by its name only, and shows it as it is when the link is followed.
  func url(said: Notice? = nil) -> String {
    Links.list(Links.leads, [("segment", id.description), ("said", said?.rawValue)])
  }
}

extension LeadList {
  /// As the page that saves it carried it along.
  fileprivate init(_ posted: PostedForm) throws {
    self.init(
      try LeadFilter(posted.fields),
      by: try posted.value("sort").flatMap(Order.init) ?? .newestFirst)
  }
}

struct SegmentForm {
  var name = Field<String, L>()
  var isShared = false

  init() {}

  init(_ segment: Segment) {
    name.typed = segment.name
    isShared = segment.isShared
  }

  init(_ posted: PostedForm) throws {
    name = try posted.text("name", max: 100, orElse: L("Give the segment a name."))
    isShared = try posted.isChecked("shared")
  }
}

struct SegmentPage: Page {
  let desk: Desk
  let form: SegmentForm
  let subject: Subject

  /// A list about to be saved, or a segment that is renamed.
  enum Subject {
    case new(LeadList)
    case saved(ID<Segment>)
  }

  init(_ desk: Desk, _ form: SegmentForm, of subject: Subject) {
    self.desk = desk
    self.form = form
    self.subject = subject
  }

  private var list: LeadList? {
    if case .new(let list) = subject { list } else { nil }
  }

  private var action: String {
    if case .saved(let id) = subject { "\(Links.segments)/\(id)" } else { Links.segments }
  }

  static let template = "segments/edit"
  static let keys = Keys<SegmentPage>().include(\.desk)
    .text("action", \.action).flag("is_new") { $0.list != nil }
    .text("name", \.form.name.typed).text("name_error", \.form.name.error)
    .flag("shared", \.form.isShared)
    .list("filter_pairs") { page in
      (page.list?.pairs ?? []).compactMap { pair in
        pair.value.map { LeadListPage.Kept(name: pair.name, value: $0) }
      }
    }
    .list("chips") { page in
      page.list.map { LeadFilterForm(list: $0, members: [], isOpen: false).chips } ?? []
    }
    .flag("has_errors") { $0.form.name.error != nil }
    .list("errors") { FormErrors([("name", $0.form.name.error)]).problems }
}

struct SegmentListPage: Page {
  let desk: Desk
  let segments: [Line]

  init(_ desk: Desk, _ segments: [Segment]) {
    self.desk = desk
    self.segments = segments.map { Line(segment: $0, now: desk.viewer.now) }
  }

  struct Line: Templated {
    let segment: Segment
    let now: Timestamp

    static let keys = Keys<Line>()
      .text("segment_id") { $0.segment.id.description }.text("name", \.segment.name)
      .text("owner_name", \.segment.owner.name)
      .flag("mine", \.segment.isMine).flag("shared", \.segment.isShared)
      .text("lead_count") { $0.segment.count.map(String.init) }
      .moment("counted") { line in line.segment.countedAt.map { Moment($0, now: line.now) } }
  }

  static let template = "segments/list"
  static let keys = Keys<SegmentListPage>().include(\.desk)
    .flag("has_segments") { !$0.segments.isEmpty }.list("segments", \.segments)
}

extension Visit {
  /// What the segment that the URL names stands for; nil where it names none, or says a filter itself.
  func filterOfSegment() throws -> LeadFilter? {
    let asked = try LeadList(self)
    guard asked.isAsSaved else { return nil }
    let (_, segment) = try read(Segment.find(asked.segment))
    return try asked.resolved(by: segment).filter
  }
}
