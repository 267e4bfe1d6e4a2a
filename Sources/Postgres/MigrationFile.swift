import Glibc

/// One file of `migrations/`, in dbmate's format: `-- migrate:up`, then optionally
/// `-- migrate:down`, each optionally followed by `transaction:false`.
package struct MigrationFile: Sendable {
  /// Four digits.
  package let version: String
  package let name: String
  /// Every byte, as hashed.
  let bytes: [UInt8]
  let up: Section
  let down: Section?

  /// One direction's statements.
  struct Section: Sendable {
    let text: String
    /// The file's line, from 1, on which `text` begins.
    let firstLine: Int
    let isTransactional: Bool
  }

  package var fileName: String { "\(version)_\(name).sql" }

  /// Throws `MigrationError.malformed` with the line at fault.
  package init(fileName: String, bytes: [UInt8]) throws(MigrationError) {
    guard let (version, name) = splitName(fileName) else {
      throw .malformed(
        file: fileName, line: nil, "is not named like 0001_what_it_does.sql (a-z, 0-9 and _)")
    }
    self.version = version
    self.name = name
    self.bytes = bytes
    (up, down) = try sections(of: bytes, in: fileName)
  }

  /// The directory's migrations in order.
  package static func all(in directory: String) throws(MigrationError) -> [MigrationFile] {
    var files: [MigrationFile] = []
    for fileName in try entries(of: directory) where fileName.hasSuffix(".sql") {
      let file = try MigrationFile(fileName: fileName, bytes: contents(of: directory, fileName))
      if let last = files.last, last.version == file.version {
        throw .malformed(
          file: fileName, line: nil, "has the same number as \(last.fileName); give it the next one"
        )
      }
      files.append(file)
    }
    return files
  }

  /// Writes an empty migration with the next number; returns its file name.
  static func make(_ title: String, in directory: String) throws(MigrationError) -> String {
    let name = title.lowercased().split { $0 == " " || $0 == "-" }.joined(separator: "_")
    let newest = try entries(of: directory).compactMap { splitName($0)?.version }.max() ?? "0000"
    let number = String((Int(newest) ?? 0) + 1)
    let fileName =
      "\(String(repeating: "0", count: max(0, 4 - number.utf8.count)))\(number)_\(name).sql"
    guard splitName(fileName) != nil else {
      throw .malformed(
        file: fileName, line: nil, "is no name: use a-z, 0-9 and _, such as add_tags")
    }
    try writeNew(
      "-- migrate:up\n-- Why, and which lock it takes.\n\n\n-- migrate:down\n\n",
      to: "\(directory)/\(fileName)")
    return fileName
  }
}

// MARK: - Reading

/// `0001_foundation.sql` → ("0001", "foundation"); nil for any other shape.
private func splitName(_ fileName: String) -> (version: String, name: String)? {
  let bytes = Array(fileName.utf8)
  guard bytes.count > 9, bytes[4] == UInt8(ascii: "_"), bytes.suffix(4) == Array(".sql".utf8),
    bytes[..<4].allSatisfy(isDigit), bytes[5] != UInt8(ascii: "_")
  else { return nil }
  let name = String(decoding: bytes[5..<bytes.count - 4], as: UTF8.self)
  return isPlainName(name) ? (String(decoding: bytes[..<4], as: UTF8.self), name) : nil
}

/// Of a-z, 0-9 and _.
func isPlainName(_ name: String) -> Bool {
  !name.isEmpty
    && name.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || isLowerCase($0) }
}

private func isDigit(_ byte: UInt8) -> Bool {
  byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
}

private func isLowerCase(_ byte: UInt8) -> Bool {
  byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")
}

private func sections(
  of bytes: [UInt8], in fileName: String
) throws(MigrationError) -> (up: MigrationFile.Section, down: MigrationFile.Section?) {
  let text = try checkedText(bytes, of: fileName)
  var found: [(header: Header, line: Int, lines: [Substring.UTF8View])] = []
  var number = 0
  for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
    number += 1
    if let header = try Header(line, at: number, in: fileName) {
      found.append((header, number, []))
    } else if found.isEmpty {
      guard isBlankOrComment(line) else {
        throw .malformed(file: fileName, line: number, "has a statement before -- migrate:up")
      }
    } else {
      found[found.count - 1].lines.append(line)
    }
  }
  let made = found.map { part in
    MigrationFile.Section(
      text: part.lines.map { String(Substring($0)) }.joined(separator: "\n"),
      firstLine: part.line + 1, isTransactional: part.header.isTransactional)
  }
  guard let first = found.first, !first.header.isDown else {
    throw .malformed(file: fileName, line: found.first?.line, "does not begin with -- migrate:up")
  }
  guard found.count <= 2, found.dropFirst().allSatisfy({ $0.header.isDown }) else {
    throw .malformed(
      file: fileName, line: found.last?.line, "has more than one -- migrate:up or -- migrate:down")
  }
  guard !SQLStatement.all(in: made[0].text).isEmpty else {
    throw .malformed(file: fileName, line: first.line, "has no statement under -- migrate:up")
  }
  return (made[0], made.count == 2 ? made[1] : nil)
}

private struct Header {
  let isDown: Bool
  let isTransactional: Bool

  /// Nil for a line that is no header.
  init?(_ line: Substring.UTF8View, at number: Int, in file: String) throws(MigrationError) {
    guard line.starts(with: "--".utf8) else { return nil }
    let words = line.dropFirst(2).split { isBlank($0) }.map { String(Substring($0)) }
    guard let direction = words.first, direction.utf8.starts(with: "migrate:".utf8) else {
      return nil
    }
    guard direction == "migrate:up" || direction == "migrate:down" else {
      throw .malformed(
        file: file, line: number, "says \(direction); known are migrate:up and :down")
    }
    let options = words.dropFirst()
    for option in options where option != "transaction:false" && option != "transaction:true" {
      throw .malformed(file: file, line: number, "has the unknown option \(option)")
    }
    isDown = direction == "migrate:down"
    isTransactional = !options.contains("transaction:false")
  }
}

private func isBlank(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

private func isBlankOrComment(_ line: Substring.UTF8View) -> Bool {
  let rest = line.drop { isBlank($0) }
  return rest.isEmpty || rest.starts(with: "--".utf8)
}

/// Throws `MigrationError.malformed` for what PostgreSQL would not read as it stands.
func checkedText(_ bytes: [UInt8], of fileName: String) throws(MigrationError) -> String {
  if let position = bytes.firstIndex(of: 0) {
    let line = bytes[..<position].count { $0 == UInt8(ascii: "\n") } + 1
    throw .malformed(file: fileName, line: line, "holds a NUL byte")
  }
  guard let text = String(validating: bytes, as: UTF8.self) else {
    throw .malformed(file: fileName, line: nil, "is not UTF-8")
  }
  return text
}

/// Never over a file that somebody else made meanwhile.
func writeNew(_ text: String, to path: String) throws(MigrationError) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
  guard descriptor >= 0 else { throw .unreadable(path, errno: errno) }
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  guard write(descriptor, bytes, bytes.count) == bytes.count else {
    throw .unreadable(path, errno: errno)
  }
}

func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Names in order, hidden ones left out.
func entries(of directory: String) throws(MigrationError) -> [String] {
  guard let stream = opendir(directory) else { throw .unreadable(directory, errno: errno) }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
      String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name.utf8.first != UInt8(ascii: ".") { names.append(name) }
  }
  return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

func contents(of directory: String, _ fileName: String) throws(MigrationError) -> [UInt8] {
  let path = "\(directory)/\(fileName)"
  guard let file = fopen(path, "r") else { throw .unreadable(path, errno: errno) }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 65_536)
  while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
    bytes.append(contentsOf: chunk[..<count])
  }
  guard ferror(file) == 0 else { throw .unreadable(path, errno: errno) }
  return bytes
}
