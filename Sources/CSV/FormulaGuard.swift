/// Keeps spreadsheets from calculating what somebody wrote (OWASP, "CSV injection"): an apostrophe in front
/// of it makes it text.
///
/// A spreadsheet may part a file by another character than the one it was written with, and then begins a
/// cell wherever that one stands, quotes or not: so not only the field's own beginning counts, but that
/// behind each character which parts cells or lines. Where apostrophes stand already, one more is
/// added, so that taking one away again gives back what was written.
package enum FormulaGuard {
  /// Nil where nothing of it would be calculated.
  static func guarded(_ field: String) -> String? {
    field.utf8.contains(where: mayBegin) ? changed(field, isAdding: true) : nil
  }

  /// Takes the apostrophes away again, for a file of ours that comes back.
  package static func unguarded(_ field: String) -> String {
    guard field.utf8.contains(apostrophe) else { return field }
    return changed(field, isAdding: false) ?? field
  }

  private static func changed(_ field: String, isAdding: Bool) -> String? {
    let bytes = Array(field.utf8)
    var text: [UInt8] = []
    var copied = 0
    var start: Int? = 0
    while let cell = start {
      let first = skip(from: cell, in: bytes, isPadding)
      let behind = skip(from: first, in: bytes) { $0[$1] == apostrophe ? 1 : 0 }
      if startsFormula(bytes, at: behind, isWholeField: cell == 0) {
        text += bytes[copied..<first]
        copied = first
        if isAdding {
          text.append(apostrophe)
        } else if behind > first {
          copied += 1
        }
      }
      start = bytes[behind...].firstIndex(where: parts).map { $0 + 1 }
    }
    guard copied > 0 || !text.isEmpty else { return nil }
    return String(decoding: text + bytes[copied...], as: UTF8.self)
  }

  private static func skip(
    from start: Int, in bytes: [UInt8], _ length: ([UInt8], Int) -> Int
  ) -> Int {
    var index = start
    while index < bytes.count {
      let step = length(bytes, index)
      guard step > 0 else { break }
      index += step
    }
    return index
  }

  /// How long a space or a quote is that some readers pass over; 0 where there is none.
  private static func isPadding(_ bytes: [UInt8], at index: Int) -> Int {
    switch bytes[index] {
    case UInt8(ascii: " "), UInt8(ascii: "\""): 1
    case 0xC2 where bytes[index...].starts(with: [0xC2, 0xA0]): 2  // no-break space
    case 0xE2 where bytes[index...].starts(with: [0xE2, 0x80, 0xAF]): 3  // narrow no-break space
    case 0xE3 where bytes[index...].starts(with: [0xE3, 0x80, 0x80]): 3  // ideographic space
    default: 0
    }
  }

  private static func startsFormula(_ bytes: [UInt8], at index: Int, isWholeField: Bool) -> Bool {
    guard index < bytes.count else { return false }
    switch bytes[index] {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"): return true
    case UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): return isWholeField
    case 0xEF:  // the same four, of full width
      return [0x9D, 0x8B, 0x8D].contains { bytes[index...].starts(with: [0xEF, 0xBC, $0]) }
        || bytes[index...].starts(with: [0xEF, 0xBC, 0xA0])
    default: return false
    }
  }

  /// The first byte of whatever ``startsFormula`` finds.
  private static func mayBegin(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"),
      UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"), 0xEF:
      true
    default: false
    }
  }

  private static func parts(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t"), UInt8(ascii: "|"),
      UInt8(ascii: "\r"), UInt8(ascii: "\n"):
      true
    default: false
    }
  }

  private static let apostrophe = UInt8(ascii: "'")
}
