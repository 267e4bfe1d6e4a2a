/// Writes a file that spreadsheets read as it is meant: UTF-8 with a byte order mark (Excel takes it
/// for another encoding without), RFC 4180 quoting, CRLF, and no field that would run as a formula.
package struct CSVWriter: Sendable {
  /// The file so far; ``removeAll()`` once written somewhere.
  package private(set) var bytes: [UInt8]
  private let delimiter: UInt8

  package init(delimiter: UInt8 = UInt8(ascii: ",")) {
    self.delimiter = delimiter
    bytes = [0xEF, 0xBB, 0xBF]
  }

  package mutating func write(_ fields: [String]) {
    for (position, field) in fields.enumerated() {
      if position > 0 { bytes.append(delimiter) }
      append(field)
    }
    bytes += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
  }

  /// Forgets what was taken, keeping the room for what comes.
  package mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  private mutating func append(_ field: String) {
    let guarded = FormulaGuard.guarded(field)
    let text = guarded ?? field
    guard guarded != nil || text.utf8.contains(where: needsQuotes) || hasOuterSpace(text)
    else {
      bytes += text.utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private func needsQuotes(_ byte: UInt8) -> Bool {
    byte == delimiter || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\r")
      || byte == UInt8(ascii: "\n")
  }

  /// Some readers trim what is not quoted.
  private func hasOuterSpace(_ field: String) -> Bool {
    field.utf8.first == UInt8(ascii: " ") || field.utf8.last == UInt8(ascii: " ")
  }
}
