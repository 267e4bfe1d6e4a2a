/// Amounts as files have them: with a currency beside them, and thousands parted by spaces, apostrophes, commas or
/// points. Anything else (1E+06, 12k, 10 to 20, 1234.567 euros, another currency) is no amount.
extension Money {
  /// `currency` is the tenant's. Where three digits behind a comma may be thousands or the decimals of a dinar,
  /// `hasDecimalCommas` says which; three behind a point are a dinar's decimals.
  init?(written text: String, in currency: Currency, hasDecimalCommas: Bool = false) {
    var words: [String] = []
    for word in text.split(whereSeparator: {
      $0.unicodeScalars.allSatisfy(\.properties.isWhitespace)
    }) {
      guard let rest = Self.without(currency.code, word) else { return nil }
      if !rest.isEmpty { words.append(rest) }
    }
    // Spaces and apostrophes part thousands and nothing else: 10 20 is no number.
    let pieces = words.flatMap { $0.split(omittingEmptySubsequences: false) { "'’".contains($0) } }
    guard let first = pieces.first, let last = pieces.last else { return nil }
    if pieces.count > 1 {
      let groups = pieces.dropLast() + [last.prefix { $0.isASCII && $0.isNumber }]
      guard Self.areGroups(groups.map { Array($0.utf8) }), first.utf8.allSatisfy(Self.isDigit)
      else {
        return nil
      }
    }
    guard
      let digits = Self.withoutGroups(
        Array(pieces.joined().utf8), in: currency, hasDecimalCommas: hasDecimalCommas)
    else { return nil }
    self.init(String(decoding: digits, as: UTF8.self), in: currency)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// One to three digits, the first no zero, then three and three.
  private static func areGroups(_ groups: [[UInt8]]) -> Bool {
    guard let first = groups.first, (1...3).contains(first.count), first.first != UInt8(ascii: "0")
    else { return false }
    return groups.dropFirst().allSatisfy { $0.count == 3 } && groups.joined().allSatisfy(isDigit)
  }

  /// Digits and a decimal mark where there is one: the last mark, unlike the others, and with no more digits behind it
  /// than the currency has; or two, as programs write of any currency, which must be zeros then.
  private static func withoutGroups(
    _ bytes: [UInt8], in currency: Currency, hasDecimalCommas: Bool
  ) -> [UInt8]? {
    let marks = bytes.indices.filter { !isDigit(bytes[$0]) }
    guard let last = marks.last else { return bytes }
    let isDecimal =
      switch bytes.count - last - 1 {
      case _ where bytes[..<last].contains(bytes[last]): false  // 1.234.567
      case 1...2: true
      case 3 where currency.decimals >= 3 && bytes[last] == UInt8(ascii: ","):
        // 1,234 has a group where commas part thousands; 1.234,567 and 0,500 have none.
        hasDecimalCommas || marks.count > 1
          || !areGroups([Array(bytes[..<last]), Array(bytes[(last + 1)...])])
      case 3...: bytes.count - last - 1 <= currency.decimals
      default: false
      }
    let whole = isDecimal ? bytes[..<last] : bytes[...]
    let parting = Set(whole.filter { !isDigit($0) })
    guard marks.allSatisfy({ bytes[$0] == UInt8(ascii: ".") || bytes[$0] == UInt8(ascii: ",") }),
      parting.count <= 1, !isDecimal || !parting.contains(bytes[last])
    else { return nil }
    let groups = whole.split(omittingEmptySubsequences: false) { parting.contains($0) }.map(
      Array.init)
    guard parting.isEmpty || areGroups(groups) else { return nil }
    guard isDecimal else { return groups.flatMap { $0 } }
    let decimals = bytes[(last + 1)...]
    guard decimals.dropFirst(currency.decimals).allSatisfy({ $0 == UInt8(ascii: "0") }) else {
      return nil
    }
    let kept = decimals.prefix(currency.decimals)
    return groups.flatMap { $0 } + (kept.isEmpty ? [] : [UInt8(ascii: ".")] + kept)
  }

  /// Without the sign or the code of the tenant's currency at either end; nil where it is another's.
  private static func without(_ currency: String, _ word: Substring) -> String? {
    var scalars = Array(word.unicodeScalars)
    func isSign(_ scalar: Unicode.Scalar?) -> Bool {
      scalar?.properties.generalCategory == .currencySymbol
    }
    func isCode(_ part: ArraySlice<Unicode.Scalar>) -> Bool {
      part.count == 3 && part.allSatisfy { $0.isASCII && $0.properties.isAlphabetic }
    }
    var named: [String] = []
    func name(_ part: some Collection<Unicode.Scalar>) {
      named.append(String(String.UnicodeScalarView(part)).uppercased())
    }
    if isSign(scalars.first) { name(scalars.prefix(1)); scalars.removeFirst() }
    if isSign(scalars.last) { name(scalars.suffix(1)); scalars.removeLast() }
    if isCode(scalars.prefix(3)) { name(scalars.prefix(3)); scalars.removeFirst(3) }
    if isCode(scalars.suffix(3)) { name(scalars.suffix(3)); scalars.removeLast(3) }
    guard named.allSatisfy({ isMeant($0, currency) }) else { return nil }
    return String(String.UnicodeScalarView(scalars))
  }

  private static func isMeant(_ name: String, _ currency: String) -> Bool {
    signs[name]?.contains(currency) ?? (name == currency)
  }

  /// Whose sign it is; one that several currencies have is taken for the tenant's.
  private static let signs: [String: Set<String>] = [
    "€": ["EUR"], "£": ["GBP", "GIP", "FKP", "SHP", "EGP", "LBP", "SYP"],
    "$": [
      "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "JMD", "BBD", "BSD", "BZD", "BMD", "FJD",
      "GYD", "KYD", "LRD",
      "NAD", "SBD", "SRD", "TTD", "XCD", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "CUP",
    ],
    "¥": ["JPY", "CNY"], "₹": ["INR"], "₽": ["RUB"], "₩": ["KRW"], "₺": ["TRY"], "₴": ["UAH"],
    "₫": ["VND"],
    "₪": ["ILS"], "₱": ["PHP"], "฿": ["THB"], "₦": ["NGN"], "₡": ["CRC"], "₲": ["PYG"],
    "₵": ["GHS"], "₸": ["KZT"],
    "₼": ["AZN"], "₾": ["GEL"],
  ]
}
