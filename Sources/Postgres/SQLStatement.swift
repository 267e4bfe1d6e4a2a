/// One statement of a text, cut into tokens as PostgreSQL's lexer would (manual, section 4.1).
///
/// Feeds the linter and finds lines; what is executed is always the untouched text.
struct SQLStatement {
  enum Token: Equatable {
    /// A keyword or unquoted name, in lower case.
    case word(String)
    case quoted(String)
    /// A string of any quoting; its content does not matter here.
    case string
    case number
    case symbol(UInt8)
  }

  struct Comment {
    let text: String
    let line: Int
  }

  fileprivate(set) var tokens: [Token] = []
  /// Where each token stands in the text, in UTF-8 bytes.
  fileprivate(set) var places: [Range<Int>] = []
  fileprivate(set) var comments: [Comment] = []
  /// The line of the first token, from 1, and of the semicolon.
  fileprivate(set) var line = 0
  fileprivate var endLine = 0
  /// From the first token to the semicolon, without it.
  var place: Range<Int> {
    (places.first?.lowerBound ?? 0)..<(places.last?.upperBound ?? 0)
  }

  static func all(in text: String) -> [SQLStatement] {
    var lexer = Lexer(text)
    return lexer.statements()
  }
}

private struct Lexer {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 1
  private var found: [SQLStatement] = []
  private var current = SQLStatement()
  private var parentheses = 0
  /// Depth of `begin atomic … end` and the `case … end` inside: semicolons there separate nothing.
  private var atomic = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func statements() -> [SQLStatement] {
    while position < bytes.count { step() }
    finishStatement()
    return found
  }

  private func byte(_ offset: Int = 0) -> UInt8 {
    position + offset < bytes.count ? bytes[position + offset] : 0
  }

  private mutating func step() {
    let first = byte()
    switch first {
    case UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "\t"), 13: advance()
    case UInt8(ascii: "-") where byte(1) == first: lineComment()
    case UInt8(ascii: "/") where byte(1) == UInt8(ascii: "*"): blockComment()
    case UInt8(ascii: "'"): quote(closedBy: first, escapes: lastWordIsEscape)
    case UInt8(ascii: "\""): quote(closedBy: first, escapes: false)
    case UInt8(ascii: "$") where dollarTag != nil: dollarString()
    case _ where isWordStart(first): word()
    case UInt8(ascii: "0")...UInt8(ascii: "9"): number()
    case UInt8(ascii: ";") where parentheses == 0 && atomic == 0:
      advance()
      finishStatement()
    default: symbol(first)
    }
  }

  private mutating func advance(_ count: Int = 1) {
    for _ in 0..<count where position < bytes.count {
      if bytes[position] == UInt8(ascii: "\n") { line += 1 }
      position += 1
    }
  }

  /// `line` and `start` are where the token begins; it ends at the current position.
  private mutating func append(_ token: SQLStatement.Token, at line: Int, from start: Int) {
    if current.tokens.isEmpty { current.line = line }
    current.tokens.append(token)
    current.places.append(start..<min(position, bytes.count))
  }

  private mutating func finishStatement() {
    defer { current = SQLStatement() }
    parentheses = 0
    atomic = 0
    guard !current.tokens.isEmpty else { return }
    current.endLine = line
    found.append(current)
  }

  // MARK: Comments

  private mutating func lineComment() {
    let start = position
    while position < bytes.count, byte() != UInt8(ascii: "\n") { position += 1 }
    remember(comment: bytes[(start + 2)..<position], at: line)
  }

  private mutating func blockComment() {
    let (start, startLine) = (position, line)
    var depth = 0
    repeat {
      if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
        depth += 1
        advance(2)
      } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
        depth -= 1
        advance(2)
      } else {
        advance()
      }
    } while depth > 0 && position < bytes.count
    remember(comment: bytes[(start + 2)..<max(start + 2, position - 2)], at: startLine)
  }

  /// A comment belongs to the statement it precedes or stands in, or whose last line it shares.
  private mutating func remember(comment: ArraySlice<UInt8>, at line: Int) {
    let comment = SQLStatement.Comment(text: String(decoding: comment, as: UTF8.self), line: line)
    if current.tokens.isEmpty, let last = found.last, last.endLine == line {
      found[found.count - 1].comments.append(comment)
    } else {
      current.comments.append(comment)
    }
  }

  // MARK: Strings

  /// `E'…'`: the string's `E` was read as a word standing right before it.
  private var lastWordIsEscape: Bool {
    position > 0 && bytes[position - 1] | 0x20 == UInt8(ascii: "e")
      && current.tokens.last == .word("e")
  }

  private mutating func quote(closedBy mark: UInt8, escapes: Bool) {
    let startLine = line
    // The `E` of a string that has one is its first byte.
    var first = position
    if escapes {
      first = current.places.removeLast().lowerBound
      current.tokens.removeLast()
    }
    advance()
    let start = position
    while position < bytes.count {
      if byte() == mark && byte(1) == mark || escapes && byte() == UInt8(ascii: "\\") {
        advance(2)
      } else if byte() == mark {
        break
      } else {
        advance()
      }
    }
    let content = String(decoding: bytes[min(start, position)..<position], as: UTF8.self)
    advance()
    append(mark == UInt8(ascii: "\"") ? .quoted(content) : .string, at: startLine, from: first)
  }

  /// `$tag$` at the current position, its length in bytes.
  private var dollarTag: Int? {
    if position > 0, isWordPart(bytes[position - 1]) { return nil }
    var length = 1
    while isWordStart(byte(length)) || length > 1 && isDigit(byte(length)) { length += 1 }
    return byte(length) == UInt8(ascii: "$") ? length + 1 : nil
  }

  private mutating func dollarString() {
    let (start, startLine) = (position, line)
    let length = dollarTag ?? 1
    let tag = bytes[position..<position + length]
    advance(length)
    while position < bytes.count, !bytes[position...].starts(with: tag) { advance() }
    advance(length)
    append(.string, at: startLine, from: start)
  }

  // MARK: Words, numbers, symbols

  private mutating func word() {
    let start = position
    while isWordPart(byte()) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self).lowercased()
    trackAtomic(text)
    append(.word(text), at: line, from: start)
  }

  private mutating func trackAtomic(_ text: String) {
    if atomic > 0 {
      if text == "case" { atomic += 1 }
      if text == "end" { atomic -= 1 }
    } else if text == "atomic", current.tokens.last == .word("begin"),
      current.tokens.first == .word("create")
    {
      atomic = 1
    }
  }

  private mutating func number() {
    let start = position
    while isWordPart(byte()) || byte() == UInt8(ascii: ".") { position += 1 }
    append(.number, at: line, from: start)
  }

  private mutating func symbol(_ symbol: UInt8) {
    if symbol == UInt8(ascii: "(") { parentheses += 1 }
    if symbol == UInt8(ascii: ")") { parentheses = max(0, parentheses - 1) }
    advance()
    append(.symbol(symbol), at: line, from: position - 1)
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private func isWordStart(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || byte >= 0x80
      || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
  }

  private func isWordPart(_ byte: UInt8) -> Bool {
    isWordStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
  }
}
