import CRM
import HTTP
import Templating

struct ImportListPage: Page {
  let desk: Desk
  let imports: [Line]

  init(_ desk: Desk, _ imports: [LeadImport]) {
    self.desk = desk
    self.imports = imports.map {
      Line(subject: $0, uploaded: Moment($0.createdAt, now: desk.viewer.now))
    }
  }

  struct Line: Templated {
    let subject: LeadImport
    let uploaded: Moment

    static let keys = Keys<Line>()
      .text("import_id") { $0.subject.id.description }.text("file_name", \.subject.fileName)
      .text("rows") { String($0.subject.rows) }.text("by_name", \.subject.by)
      .text("state_name") { $0.subject.state.words }.text("state_tone") { $0.subject.state.tone }
      .moment("uploaded") { $0.uploaded }
  }

  static let template = "imports/list"
  static let keys = Keys<ImportListPage>().include(\.desk)
    .flag("has_imports") { !$0.imports.isEmpty }.list("imports", \.imports)
}

struct NewImportPage: Page {
  let desk: Desk
  let error: L?

  static let template = "imports/new"
  static let keys = Keys<NewImportPage>().include(\.desk)
    .text("file_error", \.error).flag("has_errors") { $0.error != nil }
    .list("errors") { FormErrors([("file", $0.error)]).problems }
}
