/// One entry of a `.po` file.
struct POEntry {
  enum Field { case context, id, plural, form(Int) }

  let file: String
  let line: Int
  var id: String?
  var plural: String?
  var context: String?
  var forms: [Int: String] = [:]
  var isFuzzy = false

  var message: Message { Message(id: id ?? "", plural: plural, context: context) }

  mutating func extend(_ field: Field, with text: String) {
    switch field {
    case .context: context = (context ?? "") + text
    case .id: id = (id ?? "") + text
    case .plural: plural = (plural ?? "") + text
    case .form(let number): forms[number, default: ""] += text
    }
  }

  func error(_ message: String) -> TemplateError {
    TemplateError(file: file, line: line, message: message)
  }
}

/// Reads gettext's text format line by line and goes on behind a mistake, to find them all.
struct POReader {
  private let file: String
  private let lines: [ArraySlice<UInt8>]
  private(set) var errors: [TemplateError] = []
  private var done: [POEntry] = []
  private var entry: POEntry?
  private var field: POEntry.Field?
  private var line = 0

  init(_ source: [UInt8], file: String) {
    self.file = file
    lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  }

  mutating func entries() -> [POEntry] {
    for text in lines {
      line += 1
      do throws(TemplateError) { try read(Lexer.trimmed(text)) } catch { errors.append(error) }
    }
    finish()
    return done
  }

  private mutating func read(_ text: ArraySlice<UInt8>) throws(TemplateError) {
    switch text.first {
    case nil: finish()
    case UInt8(ascii: "#"): readComment(text)
    case UInt8(ascii: "\""): try extend(with: text)
    default: try readKeyword(text)
    }
  }

  private mutating func readComment(_ text: ArraySlice<UInt8>) {
    if entry?.forms.isEmpty == false { finish() }
    if text.starts(with: "#,".utf8) {
      let flags = text.dropFirst(2).split(separator: UInt8(ascii: ","))
      if flags.contains(where: { Lexer.trimmed($0).elementsEqual("fuzzy".utf8) }) {
        entry = entry ?? POEntry(file: file, line: line)
        entry?.isFuzzy = true
      }
    }
  }

  private mutating func readKeyword(_ text: ArraySlice<UInt8>) throws(TemplateError) {
    let keyword = text.prefix { !Lexer.isBlank($0) && $0 != UInt8(ascii: "\"") }
    let value = Lexer.trimmed(text.dropFirst(keyword.count))
    let field = try self.field(named: String(decoding: keyword, as: UTF8.self))
    begin(field)
    self.field = field
    try extend(with: value)
  }

  private func field(named keyword: String) throws(TemplateError) -> POEntry.Field {
    switch keyword {
    case "msgctxt": return .context
    case "msgid": return .id
    case "msgid_plural": return .plural
    case "msgstr": return .form(0)
    default:
      let bytes = Array(keyword.utf8)
      guard bytes.count == 9, bytes.starts(with: "msgstr[".utf8), bytes[8] == UInt8(ascii: "]"),
        (UInt8(ascii: "0")...UInt8(ascii: "5")).contains(bytes[7])
      else { throw error("'\(keyword)' is no keyword of a .po file") }
      return .form(Int(bytes[7] - UInt8(ascii: "0")))
    }
  }

  /// A new msgctxt or msgid behind a finished entry begins the next one.
  private mutating func begin(_ field: POEntry.Field) {
    switch field {
    case .context, .id: if entry?.forms.isEmpty == false { finish() }
    case .plural, .form: break
    }
    if entry == nil || (entry?.id == nil && entry?.context == nil) {
      var next = POEntry(file: file, line: line)
      next.isFuzzy = entry?.isFuzzy ?? false
      entry = next
    }
  }

  private mutating func extend(with quoted: ArraySlice<UInt8>) throws(TemplateError) {
    let text = try unquoted(quoted)
    guard let field else { throw error("a string that belongs to no keyword") }
    entry?.extend(field, with: text)
  }

  private func unquoted(_ text: ArraySlice<UInt8>) throws(TemplateError) -> String {
    guard text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") else {
      throw error("expected a string in double quotes")
    }
    var bytes: [UInt8] = []
    var rest = text.dropFirst().dropLast()
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"): bytes.append(try escaped(rest.popFirst()))
      case UInt8(ascii: "\""): throw error("a double quote inside a string needs a backslash")
      default: bytes.append(byte)
      }
    }
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw error("the text is not UTF-8")
    }
    return string
  }

  private func escaped(_ byte: UInt8?) throws(TemplateError) -> UInt8 {
    switch byte {
    case UInt8(ascii: "n"): return UInt8(ascii: "\n")
    case UInt8(ascii: "t"): return UInt8(ascii: "\t")
    case UInt8(ascii: "r"): return UInt8(ascii: "\r")
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return byte ?? 0
    default: throw error("unknown escape; known are \\n \\t \\r \\\" \\\\")
    }
  }

  private mutating func finish() {
    defer { (entry, field) = (nil, nil) }
    guard let entry else { return }
    if entry.id != nil, !entry.forms.isEmpty {
      done.append(entry)
    } else if entry.id != nil || entry.context != nil {
      errors.append(entry.error("an entry needs a msgid and a msgstr"))
    }
  }

  private func error(_ message: String) -> TemplateError {
    TemplateError(file: file, line: line, message: message)
  }
}
