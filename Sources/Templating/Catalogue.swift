/// What identifies a text in a catalogue.
package struct Message: Hashable, Sendable {
  package let id: String
  package let plural: String?
  package let context: String?

  package init(id: String, plural: String? = nil, context: String? = nil) {
    self.id = id
    self.plural = plural
    self.context = context
  }
}

/// The translations of one language, from a gettext `.po` file.
package struct Catalogue: Sendable {
  struct Translation: Sendable {
    /// One form, or one for each plural form of the language.
    let forms: [String]
    let line: Int
  }

  package let code: String
  package let file: String
  private(set) var translations: [Message: Translation] = [:]
  private(set) var plural = PluralRule.oneIsSingular

  /// - Throws: `TemplateErrors` with every mistake of the file.
  package init(code: String, file: String, source: [UInt8]) throws(TemplateErrors) {
    self.code = code
    self.file = file
    var reader = POReader(source, file: file)
    let entries = reader.entries()
    var errors = reader.errors
    for entry in entries {
      do throws(TemplateError) { try add(entry) } catch { errors.append(error) }
    }
    if !errors.isEmpty { throw TemplateErrors(errors) }
  }

  /// What gettext calls fuzzy or leaves empty counts as not translated.
  func translation(of message: Message) -> Translation? { translations[message] }

  private mutating func add(_ entry: POEntry) throws(TemplateError) {
    let message = entry.message
    if message.id.isEmpty, message.context == nil {
      plural = try PluralRule(header: entry.forms[0] ?? "", at: entry)
      return
    }
    if translations[message] != nil { throw entry.error("'\(message.id)' is translated twice") }
    if entry.isFuzzy || entry.forms.values.allSatisfy(\.isEmpty) { return }

    let forms = (0..<(message.plural == nil ? 1 : plural.formCount)).map { entry.forms[$0] ?? "" }
    guard entry.forms.count == forms.count, !forms.contains("") else {
      throw entry.error("'\(message.id)' needs \(forms.count) filled msgstr forms")
    }
    for form in forms { try check(form, against: message, at: entry) }
    translations[message] = Translation(forms: forms, line: entry.line)
  }

  /// A translation may drop or reorder what the original names, not add to it.
  private func check(
    _ form: String, against message: Message, at entry: POEntry
  ) throws(TemplateError) {
    let originals = [message.id, message.plural ?? ""]
    let tags = originals.reduce(into: Set<String>()) { $0.formUnion(Self.tags(in: $1)) }
    if let stranger = Self.tags(in: form).subtracting(tags).min() {
      throw entry.error("the translation uses {{\(stranger)}}, which '\(message.id)' does not")
    }
    let values = originals.reduce(into: Set<Int>()) { $0.formUnion(Placeholder.numbers(in: $1)) }
    if let stranger = Placeholder.numbers(in: form).subtracting(values).min() {
      throw entry.error("the translation uses %\(stranger), which '\(message.id)' does not")
    }
  }

  private static func tags(in text: String) -> Set<String> {
    var tags: Set<String> = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "{"), rest.first == UInt8(ascii: "{") else { continue }
      let inner = rest.dropFirst().prefix { $0 != UInt8(ascii: "}") }
      tags.insert(String(decoding: inner.filter { !Lexer.isSpace($0) }, as: UTF8.self))
      rest = rest.dropFirst(inner.count + 1)
    }
    return tags
  }
}

/// How a language counts. Two rules serve the languages we speak; others are refused by name.
enum PluralRule: Sendable {
  /// English: 1 lead, 0 and 2 leads.
  case oneIsSingular
  /// French: 0 and 1 piste, 2 pistes.
  case zeroAndOneAreSingular

  var formCount: Int { 2 }

  func form(for count: Int) -> Int {
    switch self {
    case .oneIsSingular: count == 1 ? 0 : 1
    case .zeroAndOneAreSingular: count.magnitude > 1 ? 1 : 0
    }
  }

  fileprivate init(header: String, at entry: POEntry) throws(TemplateError) {
    let lines = header.split(separator: "\n").map { Array($0.utf8) }
    let name = Array("Plural-Forms:".utf8)
    guard let line = lines.first(where: { $0.starts(with: name) }) else {
      self = .oneIsSingular
      return
    }
    let noise = Array(" ();".utf8)
    let rule = String(
      decoding: line.dropFirst(name.count).filter { !noise.contains($0) }, as: UTF8.self)
    switch rule {
    case "nplurals=2plural=n!=1": self = .oneIsSingular
    case "nplurals=2plural=n>1": self = .zeroAndOneAreSingular
    default:
      throw entry.error(
        "unknown plural rule; known are 'nplurals=2; plural=(n != 1);' and '… plural=(n > 1);'")
    }
  }
}
