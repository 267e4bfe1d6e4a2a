/// Bytes from outside that became text: valid UTF-8 without control characters.
///
/// NUL would reach libpq as the end of a string, so that what was checked is not what is stored;
/// the other controls have no place in a CRM and confuse logs, mail headers and terminals.
enum CleanText {
  enum Controls {
    /// No control character at all: paths, queries, header values.
    case none
    /// Tab and line feed, for posted text; CRLF and lone CR become LF, as text areas send CRLF.
    case lineBreaks
  }

  /// Nil when the bytes are not UTF-8 or hold a control character that is not allowed here:
  /// C0 (below U+0020), DEL (U+007F), C1 (U+0080 to U+009F).
  static func decode(_ bytes: [UInt8], allowing controls: Controls) -> String? {
    switch controls {
    case .none:
      guard !holdsControls(bytes, besides: []) else { return nil }
      return String(validating: bytes, as: UTF8.self)
    case .lineBreaks:
      let lines = bytes.contains(ASCII.carriageReturn) ? withLineFeeds(bytes) : bytes
      guard !holdsControls(lines, besides: [ASCII.tab, ASCII.lineFeed]) else { return nil }
      return String(validating: lines, as: UTF8.self)
    }
  }

  private static func holdsControls(_ bytes: [UInt8], besides allowed: [UInt8]) -> Bool {
    var previous: UInt8 = 0
    for byte in bytes {
      if byte < ASCII.space && !allowed.contains(byte) || byte == ASCII.delete { return true }
      // C1 in UTF-8 is 0xC2 followed by 0x80...0x9F.
      if previous == 0xC2 && (0x80...0x9F).contains(byte) { return true }
      previous = byte
    }
    return false
  }

  private static func withLineFeeds(_ bytes: [UInt8]) -> [UInt8] {
    var lines: [UInt8] = []
    lines.reserveCapacity(bytes.count)
    for (index, byte) in bytes.enumerated() {
      if byte == ASCII.carriageReturn {
        lines.append(ASCII.lineFeed)
      } else if byte != ASCII.lineFeed || index == 0
        || bytes[index - 1] != ASCII.carriageReturn
      {
        lines.append(byte)
      }
    }
    return lines
  }
}
