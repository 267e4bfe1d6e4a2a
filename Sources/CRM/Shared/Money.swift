import Postgres

/// An amount in the minor units of the tenant's currency (cents of a euro).
package struct Money: Hashable, Sendable {
  package let minorUnits: Int

  package init(minorUnits: Int) { self.minorUnits = minorUnits }

  /// The largest amount a form takes: 10 digits before the decimal mark.
  package static let majorDigitsMax = 10

  /// Reads `1234`, `1 234.5`, `1'234,50` (one or two decimals); nil for anything else.
  package init?(_ typed: String) {
    var bytes = Array(typed.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "'") })
    // A no-break space (U+00A0, U+202F) is how many people's keyboards group thousands.
    bytes = bytes.split(separator: [0xC2, 0xA0]).flatMap { $0 }
      .split(separator: [0xE2, 0x80, 0xAF]).flatMap { $0 }
    let mark = bytes.lastIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") }
    let major = bytes[..<(mark ?? bytes.endIndex)]
    let minor = mark.map { bytes[($0 + 1)...] } ?? []
    guard (1...Self.majorDigitsMax).contains(major.count),
      mark == nil || (1...2).contains(minor.count),
      (major + minor).allSatisfy({ (48...57).contains($0) })
    else { return nil }
    let cents = minor.count == 1 ? minor + [48] : minor.isEmpty ? [48, 48] : minor
    minorUnits = (major + cents).reduce(0) { $0 * 10 + Int($1 - 48) }
  }
}

extension Money: SQLValue, SQLReadable {
  package var bind: Bind { minorUnits.bind }

  package init?(sql bytes: UnsafeRawBufferPointer) {
    guard let value = Int(sql: bytes) else { return nil }
    minorUnits = value
  }
}
