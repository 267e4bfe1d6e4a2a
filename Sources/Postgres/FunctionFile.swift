import Glibc

/// One file of `migrations/functions/`: everything of one name that the database calls.
///
/// Its path is `ROOM/NAME.sql`; the room is a feature, or `first` for what the numbered files call. It holds functions
/// or procedures `app.NAME` and `sec.NAME`, each below the login roles that may call it (`-- for: web, worker`, or
/// `owner` for none), and then the triggers that execute them.
package struct FunctionFile: Sendable {
  static let folder = "functions"
  static let firstRoom = "first"

  package let room: String
  package let name: String
  /// Every byte, as hashed.
  package let bytes: [UInt8]
  let routines: [Routine]
  let triggers: [Trigger]

  struct Routine: Sendable {
    let text: String
    /// The file's line, from 1, on which `text` begins.
    let line: Int
    /// As GRANT takes it: `function app.enter(p_token_hash bytea)`.
    let signature: String
    /// The login roles that may call it.
    let callers: [String]
  }

  struct Trigger: Sendable {
    let text: String
    let line: Int
    let name: String
    let table: String
    /// PostgreSQL replaces no constraint trigger.
    let isConstraint: Bool
  }

  /// As people and messages name it.
  package var path: String { "\(Self.folder)/\(room)/\(name).sql" }

  /// Throws `MigrationError.malformed` with the line at fault.
  package init(room: String, name: String, bytes: [UInt8]) throws(MigrationError) {
    guard isPlainName(room), isPlainName(name) else {
      throw .malformed(
        file: "\(Self.folder)/\(room)/\(name).sql", line: nil,
        "is not named like leads/find_leads.sql (a-z, 0-9 and _)")
    }
    self.room = room
    self.name = name
    self.bytes = bytes
    var reader = try FunctionReader(path: "\(Self.folder)/\(room)/\(name).sql", name: name, bytes)
    (routines, triggers) = try reader.parts()
  }

  /// The directory's functions by their paths; none where there is no such folder.
  package static func all(in directory: String) throws(MigrationError) -> [FunctionFile] {
    let root = "\(directory)/\(folder)"
    guard isDirectory(root) else { return [] }
    var files: [String: FunctionFile] = [:]
    for room in try entries(of: root) {
      guard isDirectory("\(root)/\(room)") else {
        throw .malformed(
          file: "\(folder)/\(room)", line: nil, "is no folder; functions lie in one of a feature")
      }
      for fileName in try entries(of: "\(root)/\(room)") {
        guard fileName.utf8.count > 4, fileName.utf8.reversed().starts(with: "lqs.".utf8) else {
          throw .malformed(file: "\(folder)/\(room)/\(fileName)", line: nil, "is no .sql file")
        }
        let file = try FunctionFile(
          room: room, name: String(fileName.dropLast(4)),
          bytes: contents(of: "\(root)/\(room)", fileName))
        if let other = files.updateValue(file, forKey: file.name) {
          throw .malformed(
            file: file.path, line: nil, "has the name of \(other.path); a name has one file")
        }
      }
    }
    let sorted = files.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    var declared: [String: FunctionFile] = [:]
    for file in sorted {
      for trigger in file.triggers {
        if let other = declared.updateValue(file, forKey: trigger.identity) {
          throw .malformed(
            file: file.path, line: trigger.line,
            "makes \(trigger.identity), as \(other.path) does")
        }
      }
    }
    return sorted
  }

  /// Writes the file of a function that nobody may call yet; returns its path.
  static func make(_ room: String, _ name: String, in directory: String) throws(MigrationError)
    -> String
  {
    let path = "\(folder)/\(room)/\(name).sql"
    let text =
      """
      -- for: owner
      -- What it answers, and what it raises.
      create or replace function app.\(name)() returns void
        language sql
        set search_path = pg_catalog, pg_temp
        begin atomic
        end;

      """
    // Told before a folder is made for it.
    _ = try FunctionFile(room: room, name: name, bytes: Array(text.utf8))
    for part in [folder, "\(folder)/\(room)"] where !isDirectory("\(directory)/\(part)") {
      guard mkdir("\(directory)/\(part)", 0o755) == 0 else {
        throw .unreadable("\(directory)/\(part)", errno: errno)
      }
    }
    try writeNew(text, to: "\(directory)/\(path)")
    return path
  }
}

/// Takes such a file apart.
private struct FunctionReader {
  private let path: String
  private let name: String
  private let bytes: [UInt8]
  private let statements: [SQLStatement]
  private var routines: [FunctionFile.Routine] = []
  private var triggers: [FunctionFile.Trigger] = []

  init(path: String, name: String, _ bytes: [UInt8]) throws(MigrationError) {
    self.path = path
    self.name = name
    self.bytes = bytes
    statements = SQLStatement.all(in: try checkedText(bytes, of: path))
  }

  mutating func parts() throws(MigrationError) -> ([FunctionFile.Routine], [FunctionFile.Trigger]) {
    for statement in statements {
      var words = Words(statement.tokens)
      let isCreation = words.skip("create")
      let replaces = words.peek == "or" && words.word(at: 1) == "replace"
      if replaces { _ = (words.next(), words.next()) }
      if isCreation, replaces, let kind = words.peek, ["function", "procedure"].contains(kind) {
        routines.append(try routine(kind, statement))
      } else if isCreation, words.skip("trigger") {
        guard replaces else { throw wrong(statement, "says no “or replace”") }
        triggers.append(try trigger(statement, words, isConstraint: false))
      } else if isCreation, !replaces, words.skip("constraint"), words.skip("trigger") {
        triggers.append(try trigger(statement, words, isConstraint: true))
      } else {
        throw wrong(statement, "is no “create or replace function”, procedure or trigger")
      }
    }
    guard !routines.isEmpty else {
      throw .malformed(file: path, line: nil, "makes no function \(name)")
    }
    return (routines, triggers)
  }

  private func wrong(_ statement: SQLStatement, _ text: String) -> MigrationError {
    .malformed(file: path, line: statement.line, text)
  }

  private func text(_ place: Range<Int>) -> String { String(decoding: bytes[place], as: UTF8.self) }

  private func routine(
    _ kind: String, _ statement: SQLStatement
  ) throws(MigrationError) -> FunctionFile.Routine {
    let tokens = statement.tokens
    guard let open = tokens.firstIndex(of: .symbol(UInt8(ascii: "("))) else {
      throw wrong(statement, "has no arguments")
    }
    var words = Words(Array(tokens[4..<open]))
    guard let called = words.name(), ["app.\(name)", "sec.\(name)"].contains(called) else {
      throw wrong(statement, "is not called app.\(name) or sec.\(name), as its file is")
    }
    return FunctionFile.Routine(
      text: text(statement.place), line: statement.line,
      signature: "\(kind) \(called)(\(arguments(of: statement, from: open)))",
      callers: try callers(of: statement))
  }

  /// Without their defaults, which a signature has not.
  private func arguments(of statement: SQLStatement, from open: Int) -> String {
    var kept: [String] = []
    var start: Int?
    var depth = 0
    var isDefault = false
    for index in statement.tokens.indices[(open + 1)...] {
      let token = statement.tokens[index]
      if depth == 0 {
        let isEnd = token == .symbol(UInt8(ascii: ")"))
        let isNext = token == .symbol(UInt8(ascii: ","))
        let isValue = token == .word("default") || token == .symbol(UInt8(ascii: "="))
        if isEnd || isNext || isValue, let first = start, !isDefault {
          let last = statement.places[index - 1].upperBound
          kept.append(text(statement.places[first].lowerBound..<last))
        }
        if isEnd { break }
        if isNext || isValue {
          start = nil
          isDefault = isValue
          continue
        }
      }
      if [UInt8(ascii: "("), UInt8(ascii: "[")].contains(where: { token == .symbol($0) }) {
        depth += 1
      }
      if [UInt8(ascii: ")"), UInt8(ascii: "]")].contains(where: { token == .symbol($0) }) {
        depth -= 1
      }
      if start == nil { start = index }
    }
    return kept.joined(separator: ", ")
  }

  private func callers(of statement: SQLStatement) throws(MigrationError) -> [String] {
    let mark = " for:"
    let heads = statement.comments.filter { $0.text.utf8.starts(with: mark.utf8) }
    guard let head = heads.first, heads.count == 1 else {
      throw wrong(statement, "stands below no line “-- for: web, worker”, or below several")
    }
    let named = Substring(head.text.utf8.dropFirst(mark.utf8.count))
      .utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
      .map { String(Substring($0)) }
    if named == ["owner"] { return [] }
    let known = ["web", "worker", "sign_in"]
    guard !named.isEmpty, named.allSatisfy(known.contains) else {
      throw .malformed(
        file: path, line: head.line,
        "is for \(known.joined(separator: ", ")), or for the owner alone")
    }
    return named.map { "closerflow_\($0)" }
  }

  private func trigger(
    _ statement: SQLStatement, _ words: Words, isConstraint: Bool
  ) throws(MigrationError) -> FunctionFile.Trigger {
    var words = words
    let trigger = words.name()
    while words.peek != "on", words.next() != nil {}
    guard let trigger, words.skip("on"), let table = words.name() else {
      throw wrong(statement, "stands on no table")
    }
    guard table.utf8.contains(UInt8(ascii: ".")) else {
      throw wrong(statement, "does not say which schema its table is in")
    }
    while words.peek != "execute", words.next() != nil {}
    guard words.skip("execute"), words.skip("function"), words.name() == "app.\(name)" else {
      throw wrong(statement, "executes another function than app.\(name)")
    }
    return FunctionFile.Trigger(
      text: text(statement.place), line: statement.line, name: trigger, table: table,
      isConstraint: isConstraint)
  }
}
