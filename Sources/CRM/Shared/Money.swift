import Postgres

/// An amount in the minor units of the tenant's currency (cents of a euro, whole yen, fils of a dinar).
package struct Money: Hashable, Sendable {
  package let minorUnits: Int

  package init(minorUnits: Int) { self.minorUnits = minorUnits }

  /// The largest amount a form takes: 10 digits before the decimal mark.
  package static let majorDigitsMax = 10

  /// Reads `1234`, `1 234.5`, `1'234,50`, with as many decimals as the currency has; nil for anything else.
  package init?(_ typed: String, in currency: Currency) {
    var bytes = Array(typed.utf8.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "'") })
    // A no-break space (U+00A0, U+202F) is how many people's keyboards group thousands.
    bytes = bytes.split(separator: [0xC2, 0xA0]).flatMap { $0 }
      .split(separator: [0xE2, 0x80, 0xAF]).flatMap { $0 }
    let mark = bytes.lastIndex { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") }
    let major = bytes[..<(mark ?? bytes.endIndex)]
    let minor = mark.map { bytes[($0 + 1)...] } ?? []
    guard (1...Self.majorDigitsMax).contains(major.count),
      mark == nil || 1 <= minor.count && minor.count <= currency.decimals,
      (major + minor).allSatisfy({ (48...57).contains($0) })
    else { return nil }
    let zeros = Array(repeating: UInt8(ascii: "0"), count: currency.decimals - minor.count)
    minorUnits = (major + minor + zeros).reduce(0) { $0 * 10 + Int($1 - 48) }
  }

  /// Digits and a decimal mark, with all its decimals (1200.50) or, where they are zeros, with none (1200).
  package func digits(in currency: Currency, mark: String = ".", always: Bool = false) -> String {
    let (major, minor) = minorUnits.quotientAndRemainder(dividingBy: currency.minorUnits)
    guard currency.decimals > 0, minor != 0 || always else { return String(major) }
    let decimals = String(minor)
    let zeros = String(repeating: "0", count: currency.decimals - decimals.utf8.count)
    return "\(major)\(mark)\(zeros)\(decimals)"
  }
}

extension Money: SQLValue, SQLReadable {
  package var bind: Bind { minorUnits.bind }

  package init?(sql bytes: UnsafeRawBufferPointer) {
    guard let value = Int(sql: bytes) else { return nil }
    minorUnits = value
  }
}
