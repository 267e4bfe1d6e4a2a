import Postgres

/// A telephone number in E.164, such as `+33612345678`.
///
/// Typed with spaces, dots, dashes, slashes and brackets; the country code is required. A zero in
/// brackets, which is dialled inside the country only, is dropped.
package struct PhoneNumber: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init?(_ typed: String) {
    var digits: [UInt8] = []
    for (position, byte) in typed.replacing("(0)", with: "").utf8.enumerated() {
      switch byte {
      case UInt8(ascii: "+") where position == 0: continue
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digits.append(byte)
      case UInt8(ascii: " "), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "/"),
        UInt8(ascii: "("), UInt8(ascii: ")"):
        continue
      default: return nil
      }
    }
    guard typed.utf8.first == UInt8(ascii: "+"), (7...15).contains(digits.count),
      digits.first != UInt8(ascii: "0")
    else { return nil }
    text = "+" + String(decoding: digits, as: UTF8.self)
  }

  package var description: String { text }
}

extension PhoneNumber: SQLValue {
  package var bind: Bind { .text(text) }
}
