import Postgres

/// A currency by its code of ISO 4217, and how many decimals its amounts have.
package struct Currency: Hashable, Sendable {
  /// Three capitals, such as EUR.
  package let code: String

  /// Nil for anything but three capitals.
  package init?(_ code: String) {
    guard code.utf8.count == 3, code.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
    self.code = code
  }

  package static let euro = Currency(known: "EUR")

  private init(known code: String) { self.code = code }

  /// The minor unit of ISO 4217's list one: two digits, but for these.
  package var decimals: Int { Self.others[code] ?? 2 }

  private static let others = Dictionary(
    uniqueKeysWithValues: [
      (
        0,
        [
          "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
          "VUV", "XAF", "XOF", "XPF",
        ]
      ),
      (3, ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]), (4, ["CLF", "UYW"]),
    ].flatMap { decimals, codes in codes.map { ($0, decimals) } })

  /// How many minor units one of it has: 100 cents.
  package var minorUnits: Int { (0..<decimals).reduce(1) { unit, _ in unit * 10 } }
}

extension Currency: SQLValue, SQLReadable {
  package var bind: Bind { code.bind }

  package init?(sql bytes: UnsafeRawBufferPointer) {
    self.init(String(decoding: bytes, as: UTF8.self))
  }
}
