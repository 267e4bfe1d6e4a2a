/// Reads Swift source just well enough to find `L("…")` and `L.plural(n, "…", "…")`: it knows
/// comments, string literals of every kind, and the code inside their interpolations.
struct SwiftScanner {
  private let source: [UInt8]
  private let file: String
  private var position = 0
  private var uses: [MessageUse] = []

  init(_ source: [UInt8], file: String) {
    self.source = source
    self.file = file
  }

  mutating func scan() throws(TemplateError) -> [MessageUse] {
    try skipCode(until: [])
    return uses
  }

  /// Passes code up to one of these bytes outside any brackets; the byte itself is left.
  private mutating func skipCode(until ends: [UInt8]) throws(TemplateError) {
    var depth = 0
    while let byte = peek() {
      if depth == 0, ends.contains(byte) { return }
      switch byte {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        position += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        position += 1
      case UInt8(ascii: "\""), UInt8(ascii: "#"): if try !skipString() { position += 1 }
      case _ where isWord(byte): try passWord()
      default: if !skipComment() { position += 1 }
      }
    }
    if !ends.isEmpty { throw error("the source ends inside brackets", at: position) }
  }

  private mutating func passWord() throws(TemplateError) {
    let start = position
    while let byte = peek(), isWord(byte) { position += 1 }
    guard source[start..<position].elementsEqual("L".utf8) else { return }
    if take(".plural(") {
      try readPlural(from: start)
    } else if take("(") {
      try readText(from: start)
    } else {
      return
    }
    try skipCode(until: [UInt8(ascii: ")")])
    position += 1
  }

  private mutating func readText(from start: Int) throws(TemplateError) {
    skipSpace()
    guard let id = try takeMessage() else { return }
    skipSpace()
    var context: String?
    if take(",") {
      skipSpace()
      if take("context:") {
        skipSpace()
        context = try takeMessage().map(plain)
      }
    }
    add(Message(id: id, context: context), at: start)
  }

  private mutating func readPlural(from start: Int) throws(TemplateError) {
    try skipCode(until: [UInt8(ascii: ",")])
    let one = try takeNextForm()
    let other = try takeNextForm()
    add(Message(id: one, plural: other), at: start)
  }

  private mutating func takeNextForm() throws(TemplateError) -> String {
    skipSpace()
    if take(",") { skipSpace() }
    guard let form = try takeMessage() else {
      throw error("L.plural needs its two forms as string literals", at: position)
    }
    return form
  }

  /// A string literal as the pattern that `L` makes of it; nil when there is none.
  private mutating func takeMessage() throws(TemplateError) -> String? {
    switch peek() {
    case UInt8(ascii: "#"): throw error("L does not take raw string literals", at: position)
    case UInt8(ascii: "\""): return try readString().pattern
    default: return nil
    }
  }

  private func plain(_ pattern: String) -> String {
    let bytes = Placeholder.parts(of: pattern).flatMap { part -> [UInt8] in
      if case .text(let text) = part { text } else { [] }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func add(_ message: Message, at start: Int) {
    uses.append(MessageUse(message: message, file: file, line: line(at: start)))
  }
}

// MARK: - String literals

extension SwiftScanner {
  private struct Literal {
    private(set) var pattern = ""
    private var count = 0

    mutating func append(_ bytes: [UInt8]) {
      pattern += Placeholder.pattern(for: String(decoding: bytes, as: UTF8.self))
    }

    mutating func appendValue() {
      count += 1
      pattern += "%\(count)"
    }
  }

  /// Passes a string literal, if one begins here.
  private mutating func skipString() throws(TemplateError) -> Bool {
    var hashes = 0
    while position + hashes < source.count, source[position + hashes] == UInt8(ascii: "#") {
      hashes += 1
    }
    guard position + hashes < source.count, source[position + hashes] == UInt8(ascii: "\"") else {
      return false
    }
    if hashes == 0 {
      _ = try readString()
    } else {
      try skipRawString(hashes)
    }
    return true
  }

  /// Interpolations of raw strings are passed unread: a text inside one would be missed, so the
  /// few there are must not hold any.
  private mutating func skipRawString(_ hashes: Int) throws(TemplateError) {
    let start = position
    position += hashes
    let quotes = take("\"\"\"") ? 3 : 1
    if quotes == 1 { position += 1 }
    let end = String(repeating: "\"", count: quotes) + String(repeating: "#", count: hashes)
    while position < source.count {
      if take(end) { return }
      position += 1
    }
    throw error("a string literal that never ends", at: start)
  }

  private mutating func readString() throws(TemplateError) -> Literal {
    let start = position
    let isMultiline = take("\"\"\"")
    if !isMultiline { position += 1 }
    let indentation = isMultiline ? beginLines() : 0
    var literal = Literal()
    while let byte = peek() {
      if isMultiline ? take("\"\"\"") : take("\"") { return literal }
      switch byte {
      case UInt8(ascii: "\\"): try readEscape(into: &literal, indentation)
      case UInt8(ascii: "\n"):
        guard isMultiline else { throw error("a string literal that never ends", at: start) }
        position += 1
        skipIndentation(indentation)
        if !source[position...].starts(with: "\"\"\"".utf8) { literal.append([byte]) }
      default:
        let end = source[position...].firstIndex {
          $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n")
        }
        let stop = max(end ?? source.count, position + 1)
        literal.append(Array(source[position..<stop]))
        position = stop
      }
    }
    throw error("a string literal that never ends", at: start)
  }

  private mutating func readEscape(
    into literal: inout Literal, _ indentation: Int
  ) throws(TemplateError) {
    let start = position
    position += 1
    let byte = peek() ?? 0
    position += 1
    switch byte {
    case UInt8(ascii: "("):
      try skipCode(until: [UInt8(ascii: ")")])
      position += 1
      literal.appendValue()
    case UInt8(ascii: "n"): literal.append([UInt8(ascii: "\n")])
    case UInt8(ascii: "t"): literal.append([UInt8(ascii: "\t")])
    case UInt8(ascii: "r"): literal.append([UInt8(ascii: "\r")])
    case UInt8(ascii: "0"): literal.append([0])
    case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): literal.append([byte])
    case UInt8(ascii: "\n"): skipIndentation(indentation)
    case UInt8(ascii: "u"): literal.append(try readScalar(from: start))
    default: throw error("an unknown escape in a string literal", at: start)
    }
  }

  private mutating func readScalar(from start: Int) throws(TemplateError) -> [UInt8] {
    let digits = source[position...].dropFirst().prefix { $0 != UInt8(ascii: "}") }
    guard take("{"), let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
      let scalar = Unicode.Scalar(value)
    else { throw error("an unknown escape in a string literal", at: start) }
    position += digits.count + 1
    return Array(String(Character(scalar)).utf8)
  }

  /// Steps to the first line of a multi-line literal; its last line says how far all are moved in.
  private mutating func beginLines() -> Int {
    while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
    position += 1
    var end = position
    while end < source.count, !source[end...].starts(with: "\"\"\"".utf8) {
      end += source[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    let indentation = source[..<min(end, source.count)].reversed().prefix(while: Lexer.isBlank)
      .count
    skipIndentation(indentation)
    return indentation
  }

  private mutating func skipIndentation(_ width: Int) {
    var left = width
    while left > 0, let byte = peek(), Lexer.isBlank(byte) {
      position += 1
      left -= 1
    }
  }
}

// MARK: - Bytes

extension SwiftScanner {
  private func peek() -> UInt8? { position < source.count ? source[position] : nil }

  private mutating func take(_ text: String) -> Bool {
    guard position <= source.count, source[position...].starts(with: text.utf8) else {
      return false
    }
    position += text.utf8.count
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek(), Lexer.isSpace(byte) || skipsComment(byte) {
      if Lexer.isSpace(byte) { position += 1 }
    }
  }

  private mutating func skipsComment(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") && skipComment()
  }

  private mutating func skipComment() -> Bool {
    if take("//") {
      while let byte = peek(), byte != UInt8(ascii: "\n") { position += 1 }
      return true
    }
    guard take("/*") else { return false }
    var depth = 1
    while depth > 0, position < source.count {
      if take("/*") {
        depth += 1
      } else if take("*/") {
        depth -= 1
      } else {
        position += 1
      }
    }
    return true
  }

  private func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
      true
    default: false
    }
  }

  private func line(at position: Int) -> Int {
    1 + source[..<min(position, source.count)].count { $0 == UInt8(ascii: "\n") }
  }

  private func error(_ message: String, at position: Int) -> TemplateError {
    TemplateError(file: file, line: line(at: position), message: message)
  }
}
