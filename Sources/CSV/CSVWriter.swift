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
    let isFormula = Self.looksLikeFormula(field)
    guard isFormula || field.utf8.contains(where: needsQuotes) || hasOuterSpace(field) else {
      bytes += field.utf8
      return
    }
    bytes.append(UInt8(ascii: "\""))
    if isFormula { bytes.append(UInt8(ascii: "'")) }
    for byte in field.utf8 {
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

  /// What a spreadsheet would calculate (OWASP, "CSV injection"); the apostrophe in front of it makes
  /// it text.
  private static func looksLikeFormula(_ field: String) -> Bool {
    // By scalar: as a Character, an equals sign with a combining mark would hide.
    guard let first = field.unicodeScalars.first else { return false }
    return "=+-@\t\r\n\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains(first)
  }

  /// Takes the apostrophe away again, for a file of ours that comes back.
  package static func unguarded(_ field: String) -> String {
    guard field.utf8.first == UInt8(ascii: "'") else { return field }
    let rest = String(field.unicodeScalars.dropFirst())
    return looksLikeFormula(rest) ? rest : field
  }
}
