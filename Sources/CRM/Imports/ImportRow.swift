import CSV
import Postgres
import Text

/// One record of a file, read as a lead: what it says, and why it cannot be used.
struct ImportRow: Sendable {
  let line: Int
  let raw: [String]
  var status = "read"
  var reasons: [String] = []
  var title: String?
  var company: String?
  var firstName: String?
  var lastName: String?
  var email: EmailAddress?
  var phone: PhoneNumber?
  var description: String?
  var source: String?
  var owner: ID<User>?
  var tags: Tags?
  var estimatedValue: Money?
  var externalID: String?
  var knownID: ID<Lead>?
  var message: String?
  var language: WrittenLanguage?

  private var fullName: String?
  private(set) var isRefused = false

  /// What it takes to read a row besides the row.
  struct Reading: Sendable {
    let mapping: ImportMapping
    let phoneRegion: PhoneRegion?
    let currency: Currency
    /// A spreadsheet parts cells with a semicolon where the comma is the mark of decimals.
    let hasDecimalCommas: Bool
    let members: [Colleague]

    func amount(_ cell: String) -> Money? {
      Money(written: cell, in: currency, hasDecimalCommas: hasDecimalCommas)
    }
  }

  init(_ record: CSVRecord, _ reading: Reading) {
    line = record.line
    let cells = record.fields.map {
      FormulaGuard.unguarded(Invisible.strip($0).text.trimmedOfSpace)
    }
    // What the database cannot keep is shown by a sign for it; what nobody sees is nothing.
    raw = zip(record.fields, cells).map { field, cell in
      if cell.isEmpty { return "" }
      return field.utf8.contains(0) ? field.replacing("\0", with: "\u{FFFD}") : field
    }
    guard record.problem == nil else {
      refuse(record.problem.map(Self.code) ?? "")
      return
    }
    for (cell, field) in zip(cells, reading.mapping.fields) {
      if let field, !cell.isEmpty { read(cell, as: field, reading) }
    }
    splitName()
    title = title ?? company ?? name ?? email?.text ?? phone?.text
    if let long = title, long.unicodeScalars.count > 200 {
      title = String(String.UnicodeScalarView(long.unicodeScalars.prefix(200)))
    }
    if title == nil, reasons.isEmpty { refuse("empty") }
    language =
      language
      ?? WrittenLanguage.detect(
        [title, description, message].compactMap { $0 }.joined(separator: "\n"))
  }

  /// What stands there, and nothing of what it was read as: the database would not have it.
  func refused(_ error: PostgresError) -> ImportRow {
    var refused = ImportRow(line: line, raw: raw)
    refused.refuse("refused:\(error.constraint ?? error.sqlState ?? "")")
    refused.isRefused = true
    return refused
  }

  private init(line: Int, raw: [String]) {
    self.line = line
    self.raw = raw
  }

  private var name: String? {
    let words = [firstName, lastName].compactMap { $0 }.joined(separator: " ")
    return words.isEmpty ? nil : words
  }

  mutating func refuse(_ reason: String) {
    status = "error"
    reasons.append(reason)
  }

  private mutating func read(_ text: String, as field: ImportField, _ reading: Reading) {
    switch field {
    case .title: title = oneLine(text, field, max: 200)
    case .company: company = oneLine(text, field, max: 200)
    case .firstName: firstName = oneLine(text, field, max: 100)
    case .lastName: lastName = oneLine(text, field, max: 100)
    case .name: fullName = oneLine(text, field, max: 200)
    case .source: source = oneLine(text, field, max: 100)
    case .externalID: externalID = oneLine(text, field, max: 200)
    case .description:
      if text.unicodeScalars.count <= 10_000 {
        description = text
      } else {
        refuse("long:description")
      }
    case .message:
      if text.unicodeScalars.count <= Message.lengthMax {
        message = text
      } else {
        refuse("long:message")
      }
    case .language: language = WrittenLanguage(named: text) ?? wrong(field)
    case .email: email = EmailAddress(text) ?? wrong(field)
    case .phone: phone = PhoneNumber(text, in: reading.phoneRegion) ?? wrong(field)
    case .estimatedValue:
      estimatedValue = reading.amount(text) ?? wrong(field)
    case .tags: tags = Tags(typed: text.replacing(";", with: ",")) ?? wrong(field)
    case .owner: owner = reading.members.first { $0.isCalled(text) }?.id ?? wrong(field)
    case .id: knownID = ID(text) ?? wrong(field)
    }
  }

  private mutating func wrong<Value>(_ field: ImportField) -> Value? {
    refuse(field.rawValue)
    return nil
  }

  private mutating func oneLine(_ text: String, _ field: ImportField, max: Int) -> String? {
    guard text.unicodeScalars.count <= max else {
      refuse("long:\(field.rawValue)")
      return nil
    }
    guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      refuse("odd:\(field.rawValue)")
      return nil
    }
    return text
  }

  /// The last word is the family's name, unless the file says otherwise.
  private mutating func splitName() {
    guard let fullName, firstName == nil, lastName == nil else { return }
    var words = fullName.split(separator: " ").map(String.init)
    let last = words.popLast()
    let first = words.joined(separator: " ")
    guard (last?.unicodeScalars.count ?? 0) <= 100, first.unicodeScalars.count <= 100 else {
      return refuse("long:name")
    }
    lastName = last
    firstName = first.isEmpty ? nil : first
  }

  private static func code(_ problem: CSVProblem) -> String {
    switch problem {
    case .ragged(_, let found): "ragged:\(found)"
    case .tooLong: "too_long"
    case .tooManyFields: "too_many_fields"
    case .nul: "nul"
    case .notText: "not_text"
    case .strayQuote: "stray_quote"
    case .unclosedQuote: "unclosed_quote"
    }
  }
}

/// A member, as a file may name them.
struct Colleague: Sendable {
  let id: ID<User>
  let name: String
  let email: String

  static let all = Query<[Colleague]>(
    "Colleague.all",
    "select user_id, display_name, email from memberships where disabled_at is null",
    all: { row in try Colleague(id: row.next(), name: row.next(), email: row.next()) })

  func isCalled(_ text: String) -> Bool {
    let text = text.lowercased()
    return name.lowercased().utf8.elementsEqual(text.utf8) || email.utf8.elementsEqual(text.utf8)
  }
}

extension String {
  /// Without white space at either end, scalar by scalar.
  var trimmedOfSpace: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}

extension [ImportRow] {
  /// All in one statement; they are judged in the same transaction.
  func insert(into subject: ID<LeadImport>, round: Int, in tx: Transaction<some Entry>) {
    guard let first, let last else { return }
    tx.run(
      "ImportRow.insert",
      """
      insert into lead_import_rows
        (tenant_id, import_id, line, round, raw, status, reasons, title, company, first_name, last_name, email, phone,
         description, source, owner_id, tags, estimated_value, external_id, known_id, language, message)
      select (select app.tenant()), \(subject), r.line::int, \(round), r.raw::text[], r.status, string_to_array(r.reasons, ' '),
             r.title, r.company, r.first_name, r.last_name, r.email, r.phone, r.description, r.source, r.owner::uuid,
             string_to_array(r.tags, ' '), r.value::bigint, r.external_id, r.known_id::uuid, r.language, r.message
      from unnest(
        \(SQL.texts(map { String($0.line) })), \(SQL.texts(map { SQL.TextArray($0.raw).text })),
        \(SQL.texts(map(\.status))), \(SQL.texts(map { $0.reasons.joined(separator: " ") })),
        \(SQL.texts(map(\.title))), \(SQL.texts(map(\.company))), \(SQL.texts(map(\.firstName))),
        \(SQL.texts(map(\.lastName))), \(SQL.texts(map(\.email?.text))), \(SQL.texts(map(\.phone?.text))),
        \(SQL.texts(map(\.description))), \(SQL.texts(map(\.source))), \(SQL.texts(map(\.owner?.description))),
        \(SQL.texts(map { $0.tags?.words.joined(separator: " ") })),
        \(SQL.texts(map { row in row.estimatedValue.map { String($0.minorUnits) } })),
        \(SQL.texts(map(\.externalID))), \(SQL.texts(map(\.knownID?.description))),
        \(SQL.texts(map(\.language?.rawValue))), \(SQL.texts(map(\.message)))
      ) r (line, raw, status, reasons, title, company, first_name, last_name, email, phone, description, source, owner,
           tags, value, external_id, known_id, language, message)
      """)
    tx.run("LeadImport.judge", "select app.judge_import(\(subject), \(first.line), \(last.line))")
  }
}
