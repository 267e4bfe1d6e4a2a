/// A Swift file taken apart into code, comments and string literals, so that a rule about code does
/// not trip over prose. It knows no regular expression literals; the project writes none.
struct SwiftSource: Sendable {
  struct Literal: Sendable {
    let line: Int
    /// As written, one scalar a byte; what is interpolated is one space.
    var text: String
  }

  let path: String
  /// The file with comments and the insides of literals blanked, line by line as it was.
  let code: String
  let literals: [Literal]
  private let lines: [String]
  private let commented: Set<Int>

  init(path: String, _ bytes: [UInt8]) {
    var scanner = Scanner(bytes)
    scanner.scan()
    self.path = path
    code = String(decoding: scanner.code, as: UTF8.self)
    literals = scanner.literals
    commented = scanner.commented
    lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  /// Not counting the empty one behind the last line feed.
  var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

  func isCommented(_ line: Int) -> Bool { commented.contains(line) || commented.contains(line - 1) }

  /// `path:line: the line`, for each line where the pattern begins in code.
  func offences(
    _ pattern: String, where isOffence: (Int) -> Bool = { _ in true }
  ) throws -> [String] {
    try code.lines(matching: pattern).filter(isOffence).map { "\(path):\($0): \(line($0))" }
  }

  /// As `offences`, without the number, which changes with every edit above it.
  func sites(_ pattern: String) throws -> [String] {
    try code.lines(matching: pattern).map { "\(path): \(line($0))" }
  }

  private func line(_ number: Int) -> String {
    let bytes = lines[number - 1].utf8.drop { $0 == UInt8(ascii: " ") }
    return String(Substring(bytes))
  }
}

private struct Scanner {
  private enum Mode {
    /// Inside `\(…)` when not at the bottom of the stack, with the parentheses open in it.
    case code(open: Int)
    case literal(number: Int, hashes: Int, quotes: Int)
  }

  /// The bytes that can end a stretch of plain code.
  private static let turns = Set("/#\"()".utf8)

  private let source: [UInt8]
  private var position = 0
  private var line = 1
  private var modes = [Mode.code(open: 0)]
  private(set) var code: [UInt8] = []
  private(set) var literals: [SwiftSource.Literal] = []
  private(set) var commented: Set<Int> = []

  init(_ source: [UInt8]) { self.source = source }

  mutating func scan() {
    while position < source.count {
      switch modes[modes.count - 1] {
      case .code(let open): scanCode(open)
      case .literal(let number, let hashes, let quotes): scanLiteral(number, hashes, quotes)
      }
    }
  }

  private mutating func scanCode(_ open: Int) {
    guard Self.turns.contains(source[position]) else { return keep(1) }
    if isNext("//") { return comment(until: { $0.source[$0.position] == UInt8(ascii: "\n") }) }
    if isNext("/*") { return blockComment() }
    if let (hashes, quotes) = opening() {
      modes.append(.literal(number: literals.count, hashes: hashes, quotes: quotes))
      literals.append(SwiftSource.Literal(line: line, text: ""))
      return keep(hashes + quotes)
    }
    if source[position] == UInt8(ascii: "(") { modes[modes.count - 1] = .code(open: open + 1) }
    if source[position] == UInt8(ascii: ")") {
      if open == 0, modes.count > 1 {
        modes.removeLast()
      } else {
        modes[modes.count - 1] = .code(open: open - 1)
      }
    }
    keep(1)
  }

  private mutating func scanLiteral(_ number: Int, _ hashes: Int, _ quotes: Int) {
    let byte = source[position]
    guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { return text(1, number) }
    let rail = String(repeating: "#", count: hashes)
    if isNext(String(repeating: "\"", count: quotes) + rail) {
      modes.removeLast()
      keep(quotes + hashes)
    } else if isNext("\\" + rail + "(") {
      literals[number].text += " "
      blank(1 + hashes)
      keep(1)
      modes.append(.code(open: 0))
    } else {
      text(isNext("\\" + rail) ? min(2 + hashes, source.count - position) : 1, number)
    }
  }

  private mutating func text(_ length: Int, _ number: Int) {
    // Bytes as Latin-1 scalars: the rules look for ASCII words only.
    for byte in source[position..<(position + length)] {
      literals[number].text.unicodeScalars.append(Unicode.Scalar(byte))
    }
    blank(length)
  }

  private func opening() -> (hashes: Int, quotes: Int)? {
    let hashes = source[position...].prefix { $0 == UInt8(ascii: "#") }.count
    let quotes = source[(position + hashes)...].prefix { $0 == UInt8(ascii: "\"") }.count
    return quotes == 0 ? nil : (hashes, quotes >= 3 ? 3 : 1)
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      let step = isNext("/*") ? 1 : isNext("*/") ? -1 : 0
      depth += step
      commented.insert(line)
      blank(step == 0 ? 1 : 2)
    } while depth > 0 && position < source.count
  }

  private mutating func comment(until isOver: (Scanner) -> Bool) {
    commented.insert(line)
    while position < source.count, !isOver(self) { blank(1) }
  }

  private func isNext(_ text: String) -> Bool { source[position...].starts(with: text.utf8) }

  private mutating func keep(_ count: Int) {
    for _ in 0..<count { advance(source[position]) }
  }

  private mutating func blank(_ count: Int) {
    for _ in 0..<count { advance(UInt8(ascii: " ")) }
  }

  /// Line feeds stay, whatever they stand in.
  private mutating func advance(_ replacement: UInt8) {
    let isLineFeed = source[position] == UInt8(ascii: "\n")
    if isLineFeed { line += 1 }
    code.append(isLineFeed ? UInt8(ascii: "\n") : replacement)
    position += 1
  }
}
