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
    let bytes = text.utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    return bytes.contains(UInt8(ascii: "@"))
      || ["://", "www.", "mailto:", "javascript:"].contains { sign in
        let sign = Array(sign.utf8)
        return bytes.count >= sign.count
          && (0...(bytes.count - sign.count)).contains { bytes[$0...].starts(with: sign) }
      }
  }
}
