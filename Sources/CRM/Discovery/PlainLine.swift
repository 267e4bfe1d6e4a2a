import Text

/// One line of plain words that a model wrote: what a form would let through, and less.
enum PlainLine {
  /// Without signs that nobody sees and without line breaks; nil for what is too long, is empty
  /// unless `orEmpty`, or holds a link or an address: a model chooses none.
  static func read(_ text: String?, max: Int, orEmpty: Bool = false) -> String? {
    guard let text else { return nil }
    var line = String.UnicodeScalarView()
    for scalar in Invisible.strip(text).text.unicodeScalars {
      let isControl = scalar.properties.generalCategory == .control
      line.append(isControl ? " " : scalar)
    }
    let words = String(line).split(separator: " ").joined(separator: " ")
    guard words.unicodeScalars.count <= max, orEmpty || words.unicodeScalars.count >= 3 else {
      return nil
    }
    return holdsLink(words) ? nil : words
  }

  private static func holdsLink(_ text: String) -> Bool {
    let plain = text.composedInLowerCase
    return plain.utf8.contains(UInt8(ascii: "@"))
      || ["://", "www.", "mailto:", "javascript:"].contains { plain.contains($0) }
      || plain.unicodeScalars.split(whereSeparator: { !isOfHost($0) && $0 != "/" && $0 != ":" })
        .contains { isAddress(Array($0)) }
  }

  /// evil.example, evil.example/pay and t.co/pay: what programs that show mail make a link of. Not "e.g.", "12.500" or
  /// "p.ex.".
  private static func isAddress(_ token: [Unicode.Scalar]) -> Bool {
    let host = token.prefix { isOfHost($0) }
    let goesOn = host.count < token.count
    let labels = host.split(whereSeparator: isDot)
    guard labels.count > 1, let last = labels.last else { return false }
    if labels.count == 4, labels.joined().allSatisfy({ $0.properties.numericType == .decimal }) {
      return true
    }
    return last.count > 1 && last.allSatisfy { $0.properties.isAlphabetic || $0 == "-" }
      && (goesOn || labels[labels.count - 2].count > 1)
  }

  private static func isOfHost(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType == .decimal
      || scalar == "-" || isDot(scalar)
  }

  /// As name servers take them, in any script.
  private static func isDot(_ scalar: Unicode.Scalar) -> Bool {
    ".\u{3002}\u{FF0E}\u{FF61}".unicodeScalars.contains(scalar)
  }
}
