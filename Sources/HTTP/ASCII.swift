/// ASCII bytes that the parsers below look for.
enum ASCII {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let percent = UInt8(ascii: "%")
  static let ampersand = UInt8(ascii: "&")
  static let plus = UInt8(ascii: "+")
  static let slash = UInt8(ascii: "/")
  static let backslash = UInt8(ascii: "\\")
  static let semicolon = UInt8(ascii: ";")
  static let equals = UInt8(ascii: "=")
  static let question = UInt8(ascii: "?")
  static let quote = UInt8(ascii: "\"")
  static let delete: UInt8 = 0x7F

  static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

  static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

  /// Visible ASCII: 0x21 to 0x7E, so neither a space nor a control byte.
  static func isVisible(_ byte: UInt8) -> Bool { byte > space && byte < delete }

  /// The value of a hexadecimal digit in either case.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte - 0x30 }
    let letter = (byte | 0x20) &- 0x61
    return letter < 6 ? letter + 10 : nil
  }
}

extension FixedWidthInteger {
  /// Reads `-?[0-9]{1,19}` and nothing else; out of range is nil.
  ///
  /// The standard `Int("+5")` accepts a sign that forms and addresses must not have, and arithmetic
  /// on a number that is too large would end the process. `-0` is refused as well.
  package init?(strictDecimal text: some StringProtocol) {
    var digits = Array(text.utf8)[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits.removeFirst() }
    guard (1...19).contains(digits.count) else { return nil }

    var result: Self = 0
    for byte in digits {
      guard ASCII.isDigit(byte), let digit = Self(exactly: byte - 0x30) else { return nil }
      let (tenfold, overflowed) = result.multipliedReportingOverflow(by: 10)
      // Counting down for a negative number reaches the type's minimum, which has no positive twin.
      let (next, overflowedAgain) =
        isNegative
        ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
      guard !overflowed, !overflowedAgain else { return nil }
      result = next
    }
    if isNegative && result == 0 { return nil }
    self = result
  }
}

/// Equality of bytes. `==` on String follows canonical equivalence, where "é" equals "e" + U+0301
/// and KELVIN SIGN equals "K"; PostgreSQL and every peer disagree.
@inline(__always)
func sameBytes(_ left: String, _ right: String) -> Bool {
  left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8)
}
