import Text

/// A link's address that may leave the house: an `http`, `https` or `mailto` URL with nothing hidden.
struct LinkTarget {
  /// The address in ASCII, percent-encoded where it has to be; as it stands in text, not in HTML.
  var url: [UInt8]
  /// What the link leads to: the host with its port, or the mail address.
  var place: [UInt8]
  var isMail: Bool

  /// Longer addresses stay text; a reference link could repeat one thousands of times.
  static let lengthMax = 2_048

  /// Bounds hosts with their port and mail addresses; DNS and SMTP allow less than this.
  private static let nameMax = 320

  /// Nil for relative and protocol-relative addresses, other schemes, `user@host`, control,
  /// invisible and non-ASCII host bytes, and mail links that add recipients or attachments.
  init?(_ bytes: [UInt8]) {
    guard (1...Self.lengthMax).contains(bytes.count), !Self.hasHiddenBytes(bytes) else {
      return nil
    }
    if let rest = Self.rest(of: bytes, after: "https://") ?? Self.rest(of: bytes, after: "http://")
    {
      guard let host = Self.host(rest) else { return nil }
      place = host
      isMail = false
    } else if let rest = Self.rest(of: bytes, after: "mailto:") {
      guard let address = Self.mailAddress(rest) else { return nil }
      place = address
      isMail = true
    } else {
      return nil
    }
    url = Self.percentEncoded(bytes)
  }
}

extension LinkTarget {
  /// Spaces, controls of both blocks, the backslash that browsers read as a slash, invisibles.
  private static func hasHiddenBytes(_ bytes: [UInt8]) -> Bool {
    if bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F || $0 == UInt8(ascii: "\\") }) {
      return true
    }
    if zip(bytes, bytes.dropFirst()).contains(where: { $0 == 0xC2 && $1 < 0xA0 }) { return true }
    return Invisible.strip(String(decoding: bytes, as: UTF8.self)).count > 0
  }

  private static func rest(of bytes: [UInt8], after scheme: String) -> ArraySlice<UInt8>? {
    let head = bytes.prefix(scheme.utf8.count).map(ASCII.lowercased)
    return head.elementsEqual(scheme.utf8) ? bytes.dropFirst(scheme.utf8.count) : nil
  }

  /// `name` or `name:port`; nil with user information, escapes, an IPv6 address or anything else.
  private static func host(_ rest: ArraySlice<UInt8>) -> [UInt8]? {
    let ends = Array("/?#".utf8)
    let authority = rest.prefix { !ends.contains($0) }.map(ASCII.lowercased)
    guard authority.count <= nameMax else { return nil }
    guard let colon = authority.lastIndex(of: UInt8(ascii: ":")) else {
      return isHostName(authority[...]) ? authority : nil
    }
    let port = authority[(colon + 1)...]
    let isPort = (1...5).contains(port.count) && port.allSatisfy(ASCII.isDigit)
    return isPort && isHostName(authority[..<colon]) ? authority : nil
  }

  private static func isHostName(_ name: ArraySlice<UInt8>) -> Bool {
    let isSpelled = name.allSatisfy { ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E }
    return isSpelled && name.first.map(ASCII.isAlphanumeric) == true
  }

  /// One plain address, with at most a subject and a body.
  private static func mailAddress(_ rest: ArraySlice<UInt8>) -> [UInt8]? {
    let parts = rest.split(
      separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    let sides = parts[0].split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    let signs = Array(".!#$&'*+-/=^_`{|}~".utf8)
    guard parts[0].count <= nameMax, sides.count == 2, !sides[0].isEmpty, isHostName(sides[1]),
      sides[0].allSatisfy({ ASCII.isAlphanumeric($0) || signs.contains($0) })
    else { return nil }
    if parts.count == 2 {
      let fields = parts[1].split(separator: UInt8(ascii: "&"))
      let isPlain = fields.allSatisfy { field in
        let name = field.prefix { $0 != UInt8(ascii: "=") }.map(ASCII.lowercased)
        return name.elementsEqual("subject".utf8) || name.elementsEqual("body".utf8)
      }
      // An escaped name ("%62cc") is none of the two, so it is refused as well.
      guard isPlain else { return nil }
    }
    return Array(parts[0])
  }

  private static func percentEncoded(_ bytes: [UInt8]) -> [UInt8] {
    let signs = Array("-_.+!*(),%#@?=;:/&$~".utf8)
    let digits = Array("0123456789ABCDEF".utf8)
    return bytes.flatMap { byte in
      ASCII.isAlphanumeric(byte) || signs.contains(byte)
        ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
  }
}

extension LinkTarget {
  /// True when a reader of `text` already sees where the link leads: the place stands there whole,
  /// not as a part of another name such as `place.example.com`.
  func isShown(in text: [UInt8]) -> Bool {
    let text = text.map(ASCII.lowercased)
    let place = place.map(ASCII.lowercased)
    guard text.count >= place.count else { return false }
    return (0...(text.count - place.count)).contains { start in
      let end = start + place.count
      guard text[start..<end].elementsEqual(place) else { return false }
      let before = start > 0 ? text[start - 1] : 0x20
      // "bank.example/evil.example" shows the way to the bank.
      let isPartOfPath =
        Array("/=?&#".utf8).contains(before) && !Self.isAfterScheme(start, in: text)
      let after = end < text.count ? text[end] : 0x20
      let isDotted = after == 0x2E && end + 1 < text.count && ASCII.isAlphanumeric(text[end + 1])
      return !isPartOfPath && !Self.joinsNames(before) && before != 0x2E && !Self.joinsNames(after)
        && !isDotted
    }
  }

  /// True where a whole address begins: its scheme stands at the start of a word.
  private static func isAfterScheme(_ start: Int, in text: [UInt8]) -> Bool {
    ["http://", "https://"].contains { scheme in
      let head = text[..<start]
      guard head.suffix(scheme.utf8.count).elementsEqual(scheme.utf8) else { return false }
      let before = head.dropLast(scheme.utf8.count).last ?? 0x20
      return before == 0x20 || Array("(<\"'".utf8).contains(before)
    }
  }

  /// Letters, digits, "-", "@", ":" with a port or password behind, and every non-ASCII byte.
  private static func joinsNames(_ byte: UInt8) -> Bool {
    ASCII.isAlphanumeric(byte) || byte == 0x2D || byte == 0x40 || byte == 0x3A || byte >= 0x80
  }
}

/// Questions about single bytes, by the ASCII table only.
enum ASCII {
  static func lowercased(_ byte: UInt8) -> UInt8 {
    (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
  }
  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x61...0x7A).contains(lowercased(byte))
  }
}
