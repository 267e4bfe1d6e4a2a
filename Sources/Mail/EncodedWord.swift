/// Header text in encoded words (RFC 2047): UTF-8, Q or B, whichever is shorter.
enum EncodedWord {
  /// True when plain ASCII says the same: printable, and not to be taken for an encoded word.
  static func isNeeded(for text: String) -> Bool {
    let bytes = Array(text.utf8)
    if !bytes.allSatisfy({ (0x20...0x7E).contains($0) }) { return true }
    // Spaces at an end, or two together, are lost or changed when a header is folded.
    if bytes.first == 0x20 || bytes.last == 0x20 { return true }
    let pairs = zip(bytes, bytes.dropFirst())
    if pairs.contains(where: { $0 == 0x20 && $1 == 0x20 || $0 == 0x3D && $1 == 0x3F }) {
      return true
    }
    return bytes.split(separator: 0x20).contains { $0.count > 60 }
  }

  /// The words of `text`; the first fits into `firstWidth` columns, the others into 75. Each holds
  /// whole code points.
  static func words(of text: String, firstWidth: Int) -> [String] {
    let usesQ = quotedLength(text) <= (text.utf8.count + 2) / 3 * 4
    var words = [String]()
    var pending = [UInt8]()
    for scalar in text.unicodeScalars {
      let bytes = Array(String(scalar).utf8)
      let width = words.isEmpty ? firstWidth : 75
      if !pending.isEmpty, word(pending + bytes, usesQ).utf8.count > width {
        words.append(word(pending, usesQ))
        pending = []
      }
      pending += bytes
    }
    return words + [word(pending, usesQ)]
  }

  private static func word(_ bytes: [UInt8], _ usesQ: Bool) -> String {
    let coded = usesQ ? bytes.flatMap(quoted) : Base64Text.encode(bytes)
    return "=?UTF-8?\(usesQ ? "Q" : "B")?\(String(decoding: coded, as: UTF8.self))?="
  }

  private static func quotedLength(_ text: String) -> Int {
    text.utf8.reduce(0) { $0 + quoted($1).count }
  }

  /// Only what may stand unencoded in a display name too (RFC 2047, section 5, rule 3).
  private static func quoted(_ byte: UInt8) -> [UInt8] {
    if Grammar.isAlphanumeric(byte) || Array("!*+-/".utf8).contains(byte) { return [byte] }
    return byte == 0x20 ? [UInt8(ascii: "_")] : QuotedPrintable.escape(byte)
  }
}

/// Base64 with padding; the mail target has no other use for a cryptographic library.
enum Base64Text {
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text = [UInt8]()
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
      for place in 0..<4 {
        let digit = digits[value >> (18 - 6 * place) & 63]
        text.append(place <= group.count ? digit : UInt8(ascii: "="))
      }
    }
    return text
  }

  /// In lines of 76 columns, each with its CRLF.
  static func lines(_ bytes: [UInt8]) -> [UInt8] {
    stride(from: 0, to: bytes.count, by: 57).flatMap { start in
      encode(Array(bytes[start..<min(start + 57, bytes.count)])) + [0x0D, 0x0A]
    }
  }

  private static let digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
