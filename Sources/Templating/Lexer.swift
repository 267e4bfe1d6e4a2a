/// A Mustache tag as it stands in a file.
struct Tag: Sendable {
  enum Sigil: Sendable {
    case variable, raw, section, inverted, close, partial, parent, block, comment

    init(_ mark: UInt8) {
      switch mark {
      case UInt8(ascii: "{"), UInt8(ascii: "&"): self = .raw
      case UInt8(ascii: "#"): self = .section
      case UInt8(ascii: "^"): self = .inverted
      case UInt8(ascii: "/"): self = .close
      case UInt8(ascii: ">"): self = .partial
      case UInt8(ascii: "<"): self = .parent
      case UInt8(ascii: "$"): self = .block
      case UInt8(ascii: "!"): self = .comment
      default: self = .variable
      }
    }
  }

  let sigil: Sigil
  let name: String
  let file: String
  let line: Int
  /// From the first brace to behind the last one.
  let range: Range<Int>
  /// White space before a tag that has its line to itself.
  let indentation: [UInt8]

  func error(_ message: String) -> TemplateError {
    TemplateError(file: file, line: line, message: message)
  }
}

/// A run of text and the tag behind it; the last token of a file has no tag.
struct Token {
  let text: Range<Int>
  let tag: Tag?
}

/// Cuts a template into text and tags, with the specification's rule for standalone lines: a tag
/// that prints nothing and has a line to itself takes the line's white space and its end with it.
struct Lexer {
  let source: [UInt8]
  let file: String
  private let cutsStandaloneLines: Bool
  private var position = 0
  private var line: Int
  private var countedTo = 0
  private var closeTakesLineEnd = false

  init(_ source: [UInt8], file: String, line: Int = 1, cutsStandaloneLines: Bool = true) {
    self.source = source
    self.file = file
    self.line = line
    self.cutsStandaloneLines = cutsStandaloneLines
  }

  mutating func next() throws(TemplateError) -> Token {
    let start = position
    guard let open = find("{{", from: start) else {
      position = source.count
      return Token(text: start..<source.count, tag: nil)
    }
    countLines(to: open)
    let (sigil, name, end) = try readTag(at: open)
    position = end

    var textEnd = open
    var indentation: [UInt8] = []
    if let line = standaloneLine(sigil, name, open..<end) {
      textEnd = line.lowerBound
      indentation = Array(source[line.lowerBound..<open])
      position = line.upperBound
    }
    let tag = Tag(
      sigil: sigil, name: name, file: file, line: line, range: open..<end, indentation: indentation)
    return Token(text: start..<textEnd, tag: tag)
  }

  private mutating func readTag(
    at open: Int
  ) throws(TemplateError) -> (sigil: Tag.Sigil, name: String, end: Int) {
    var start = open + 2
    while start < source.count, Lexer.isSpace(source[start]) { start += 1 }
    let mark = start < source.count ? source[start] : 0
    if mark == UInt8(ascii: "=") { throw error("set-delimiter tags are not part of our Mustache") }
    let sigil = Tag.Sigil(mark)
    if sigil != .variable { start += 1 }
    let closing = mark == UInt8(ascii: "{") ? "}}}" : "}}"
    guard let end = find(closing, from: start) else { throw error("this tag never ends") }
    let name = String(decoding: Lexer.trimmed(source[start..<end]), as: UTF8.self)
    if sigil != .comment { try check(name) }
    return (sigil, name, end + closing.utf8.count)
  }

  private func check(_ name: String) throws(TemplateError) {
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
        UInt8(ascii: "."), UInt8(ascii: "/"):
        true
      default: false
      }
    }
    if name.isEmpty { throw error("a tag without a name") }
    if !isName { throw error("'\(name)' is not a name; names are letters, digits, - _ . and /") }
  }

  /// The line, with its end, that belongs to this tag alone; nil when it shares the line.
  private mutating func standaloneLine(
    _ sigil: Tag.Sigil, _ name: String, _ tag: Range<Int>
  ) -> Range<Int>? {
    guard cutsStandaloneLines, sigil != .variable, sigil != .raw else { return nil }
    if closeTakesLineEnd, sigil == .close {
      closeTakesLineEnd = false
      return lineEnd(after: tag.upperBound).map { tag.lowerBound..<$0 }
    }
    var start = tag.lowerBound
    while start > 0, Lexer.isBlank(source[start - 1]) { start -= 1 }
    guard start == 0 || source[start - 1] == UInt8(ascii: "\n") else { return nil }

    // {{<parent}}{{/parent}} stands for one tag: its close gives up the end of the line.
    if sigil == .parent, let close = emptyClose(of: name, from: tag.upperBound) {
      closeTakesLineEnd = lineEnd(after: close) != nil
      return closeTakesLineEnd ? start..<tag.upperBound : nil
    }
    return lineEnd(after: tag.upperBound).map { start..<$0 }
  }

  private func emptyClose(of name: String, from position: Int) -> Int? {
    let close = Array("{{/\(name)}}".utf8)
    return source[position...].starts(with: close) ? position + close.count : nil
  }

  /// Where the next line begins, if only blanks stand between here and there.
  private func lineEnd(after position: Int) -> Int? {
    var end = position
    while end < source.count, Lexer.isBlank(source[end]) { end += 1 }
    if end < source.count, source[end] == UInt8(ascii: "\r") { end += 1 }
    if end == source.count { return end }
    return source[end] == UInt8(ascii: "\n") ? end + 1 : nil
  }

  private func find(_ mark: String, from start: Int) -> Int? {
    let mark = Array(mark.utf8)
    guard source.count >= mark.count, start <= source.count - mark.count else { return nil }
    return (start...(source.count - mark.count)).first { source[$0...].starts(with: mark) }
  }

  private mutating func countLines(to end: Int) {
    line += source[countedTo..<end].count { $0 == UInt8(ascii: "\n") }
    countedTo = end
  }

  func error(_ message: String) -> TemplateError {
    TemplateError(file: file, line: line, message: message)
  }

  static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  static func isSpace(_ byte: UInt8) -> Bool {
    isBlank(byte) || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
  }

  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
      let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return bytes[first...last]
  }
}
