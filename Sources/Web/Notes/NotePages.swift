import CRM
import HTTP
import HTTPTypes
import Templating

/// Writing notes, reading one, and striking one out. Who may write to a lead may write about it.
enum NotePages {
  static func add(to router: inout Router<Answer>) {
    router.post("/leads/{id}/notes", .may(.writeDrafts), write)
    router.get("/leads/{id}/notes/{note}", .may(.readLeads), show)
    router.post("/leads/{id}/notes/{note}/retraction", .may(.writeDrafts), strike)
  }

  private static func write(_ visit: Visit) throws -> Response {
    let id = try visit.id(Lead.self)
    var form = try NoteForm(visit.request.form)
    guard let body = form.body.value else {
      return try LeadPages.show(visit, id: id, returned: .note(form))
    }
    do {
      return try visit.post { tx in
        try Lead.note(body, on: id, in: tx)
        return Links.lead(id, .noteAdded)
      }
    } catch Lead.Refusal.isDeleted {
      form.explainDeletion()
      return try LeadPages.show(visit, id: id, returned: .note(form))
    }
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, retraction: nil)
  }

  private static func show(_ visit: Visit, retraction: Field<String, L>?) throws -> Response {
    let (lead, id) = (try visit.id(Lead.self), try visit.id(Note.self, "note"))
    let (desk, note) = try visit.read(Note.find(id, of: lead))
    guard let note else { throw NotFound() }
    return try visit.page(
      NoteDetailPage(desk: desk, note: note, retraction: retraction), desk,
      status: retraction == nil ? .ok : .unprocessableContent)
  }

  private static func strike(_ visit: Visit) throws -> Response {
    let (lead, id) = (try visit.id(Lead.self), try visit.id(Note.self, "note"))
    let field: Field<String, L> = try visit.request.form.text(
      "reason", max: 500, orElse: L("Say why, for those who come after you."))
    guard let reason = field.value else { return try show(visit, retraction: field) }
    return try visit.post { tx in
      try Lead.strike(id, on: lead, reason: reason, in: tx)
      return Links.lead(lead, .noteStruck)
    }
  }
}

/// What is typed into the record's place for notes.
struct NoteForm: Templated {
  var body = Field<String, L>()
  private(set) var isOvertaken = false

  init() {}

  init(_ posted: PostedForm) throws {
    body = try posted.multiline("body", max: Note.lengthMax, orElse: L("Write something first."))
  }

  mutating func explainDeletion() {
    isOvertaken = true
    body.error = L(
      "This lead was deleted or merged meanwhile. Your note stays here: restore the lead in another tab and add it then, or add it to the lead that stays."
    )
  }

  var problems: [FieldProblem] { FormErrors([(name: "body", error: body.error)]).problems }

  static let keys = Keys<NoteForm>()
    .text("body", \.body.typed).text("body_error", \.body.error)
}

struct NoteDetailPage: Page {
  let desk: Desk
  let note: Note
  /// The form to strike it out, when it came back.
  let retraction: Field<String, L>?

  private var mayStrike: Bool {
    desk.viewer.may(.writeDrafts) && note.struck == nil && !note.isLeadDeleted
  }

  static let template = "notes/show"
  static let keys = Keys<NoteDetailPage>().include(\.desk)
    .text("lead_id") { $0.note.lead.description }.text("lead_title", \.note.leadTitle)
    .text("note_id") { $0.note.id.description }.text("note", \.note.body)
    .text("author_name", \.note.authorName)
    .moment("written") { Moment($0.note.at, now: $0.desk.viewer.now) }
    .flag("struck") { $0.note.struck != nil }
    .text("struck_reason") { $0.note.struck?.reason }.text("struck_by") { $0.note.struck?.by }
    .moment("struck_at") { page in
      page.note.struck.map { Moment($0.at, now: page.desk.viewer.now) }
    }
    .flag("may_strike") { $0.mayStrike }.flag("strike_open") { $0.retraction != nil }
    .text("reason") { $0.retraction?.typed ?? "" }.text("reason_error") { $0.retraction?.error }
    .flag("has_errors") { $0.retraction?.error != nil }
    .list("errors") { FormErrors([("reason", $0.retraction?.error)]).problems }
}
