import CRM
import CSV
import HTTP
import HTTPTypes
import Postgres
import Templating

/// Leads from a file: upload, columns, dry run, writing, undo.
enum ImportPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/imports", .may(.writeLeads), list)
    router.get("/imports/new", .may(.writeLeads), new)
    router.post("/imports", .may(.writeLeads), bodyBytesMax: LeadImport.bytesMax, upload)
    router.get("/imports/{id}", .may(.writeLeads), show)
    router.get("/imports/{id}/left.csv", .may(.writeLeads), left)
    router.post("/imports/{id}/check", .may(.writeLeads), check)
    router.post("/imports/{id}/commit", .may(.writeLeads), commit)
    router.post("/imports/{id}/undo", .may(.writeLeads), undo)
    router.post("/imports/{id}/discard", .may(.writeLeads), discard)
  }

  private static func list(_ visit: Visit) throws -> Response {
    let (desk, imports) = try visit.read(LeadImport.latest)
    return try visit.page(ImportListPage(desk, imports), desk)
  }

  private static func new(_ visit: Visit) throws -> Response {
    let desk = try visit.read()
    return try visit.page(NewImportPage(desk: desk, error: nil), desk)
  }

  private static func upload(_ visit: Visit) throws -> Response {
    guard let file = try visit.request.form.file("file") else {
      return try again(visit, L("Choose a file."))
    }
    // Who is nobody's member, or has a file in hand, is told before it is read.
    let desk = try visit.read()
    let place = try visit.shared.heavyWork.making.take(for: desk.viewer)
    do {
      let upload = try ImportFile(name: file.name, file.bytes)
      let id = ID<LeadImport>()
      return try withExtendedLifetime(place) {
        try visit.post { tx in
          upload.keep(as: id, in: tx)
          return Links.leadImport(id)
        }
      }
    } catch let refusal as ImportFile.Refusal {
      return try again(visit, refusal.words)
    } catch let error as PostgresError where error.constraint == "lead_imports_quota" {
      return try again(
        visit,
        L(
          "Too many files wait to be imported: 10 or 128 MB of yours, or 512 MB of all. Import some, or discard them."
        ))
    }
  }

  private static func again(_ visit: Visit, _ error: L) throws -> Response {
    let desk = try visit.read()
    return try visit.page(
      NewImportPage(desk: desk, error: error), desk, status: .unprocessableContent)
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, try visit.id(LeadImport.self), returned: nil)
  }

  private static func show(
    _ visit: Visit, _ id: ID<LeadImport>, returned: ImportForm?
  ) throws -> Response {
    let (desk, found, job, ahead, errors, duplicates, kept, members, remembered) = try visit.read(
      LeadImport.find(id), Job.latest(.import, about: id), LeadImport.ahead(of: id),
      ImportLine.first(.errors, of: id),
      ImportLine.first(.duplicates, of: id), ImportKept.all(of: id), Member.active,
      ImportMemory.of(id))
    guard let found else { throw NotFound() }
    let isRemapping = try visit.request.query.value("columns") != nil
    let form =
      returned ?? (found.state == .mapping || isRemapping ? ImportForm(found, remembered) : nil)
    let page = ImportPage(
      desk, found, job: job, ahead: ahead, form: form, members: members, errors: errors,
      duplicates: duplicates,
      kept: kept)
    var response = try visit.page(
      page, desk, status: returned == nil ? .ok : .unprocessableContent)
    // Progress without a script.
    if page.isAtWork, let refresh = HTTPField.Name("Refresh") {
      // Without what was said: it is said once.
      try response.add(refresh, "2; url=\(Links.leadImport(id))")
    }
    return response
  }

  /// The rows that would not come in, each with why: to be mended and uploaded again.
  private static func left(_ visit: Visit) throws -> Response {
    let id = try visit.id(LeadImport.self)
    var file: CSVDownload?
    var language = Language.english
    var columns = 0
    try visit.stream(
      LeadImport.find(id),
      choose: { desk, found in
        guard let found else { throw NotFound() }
        language = visit.shared.templates.language(desk.viewer.locale) ?? .english
        columns = found.header.count
        file = try CSVDownload(
          for: desk.viewer, visit.shared.heavyWork,
          CSVWriter(delimiter: found.dialect.delimiter))
        try file?.write(
          found.header + [
            L("Line").text(in: language), L("Why it was left out").text(in: language),
          ])
        return ImportLine.left(of: id)
      },
      each: { lines in
        for line in lines {
          let cells = line.raw.prefix(columns)
          let missing = [String](repeating: "", count: columns - cells.count)
          let why = line.reasons.map { ImportWords.reason($0).text(in: language) }
          try file?.write(cells + missing + [String(line.line), why.joined(separator: " ")])
        }
      })
    guard let answer = try file?.response(named: "left-out.csv") else { throw NotFound() }
    return answer
  }

  private static func check(_ visit: Visit) throws -> Response {
    let id = try visit.id(LeadImport.self)
    let form = try ImportForm(visit.request.form)
    guard let plan = form.plan else { return try show(visit, id, returned: form) }
    do {
      return try move(visit, id) { tx in try LeadImport.check(id, plan, in: tx) }
    } catch let error as PostgresError where error.constraint == "lead_imports_owner_fkey" {
      return try show(visit, id, returned: form.refusingOwner())
    }
  }

  private static func commit(_ visit: Visit) throws -> Response {
    let id = try visit.id(LeadImport.self)
    // What somebody else had checked anew meanwhile is looked at first.
    let round = try visit.request.form.value("round").flatMap { Int(strictDecimal: $0) }
    do {
      return try move(visit, id) { tx in try LeadImport.commit(id, round: round, in: tx) }
    } catch let error as PostgresError where error.constraint == "lead_imports_owner_fkey" {
      // Who was to have them left since: the page asks for somebody else.
      let (_, found) = try visit.read(LeadImport.find(id))
      return try show(visit, id, returned: found.map { ImportForm($0, nil).refusingOwner() })
    }
  }

  private static func undo(_ visit: Visit) throws -> Response {
    let id = try visit.id(LeadImport.self)
    return try move(visit, id) { tx in try LeadImport.undo(id, in: tx) }
  }

  private static func discard(_ visit: Visit) throws -> Response {
    let id = try visit.id(LeadImport.self)
    return try move(visit, id, to: Links.said(Links.imports, .importDiscarded)) { tx in
      try LeadImport.discard(id, in: tx)
    }
  }

  /// Who was slower is shown where the import stands now.
  private static func move(
    _ visit: Visit, _ id: ID<LeadImport>, to place: String? = nil,
    _ act: (Transaction<PostEntry>) throws -> Void
  ) throws -> Response {
    do {
      return try visit.post { tx in
        try act(tx)
        return place ?? Links.leadImport(id)
      }
    } catch LeadImport.Refusal.movedOn {
      return try .seeOther(Links.leadImport(id, .importMovedOn))
    } catch let error as PostgresError where error.constraint == "lead_imports_state" {
      return try .seeOther(Links.leadImport(id, .importMovedOn))
    }
  }
}
