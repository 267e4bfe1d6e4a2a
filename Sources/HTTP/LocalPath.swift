/// Where a `next` parameter may send a browser: a page of this site, nothing else.
package enum LocalPath {
  static let bytesMax = 2048

  /// The path itself if it is `/[a-z0-9/_?=&.-]*` without `//`; nil for anything a browser could
  /// read as another host, such as `//evil`, `/\evil` or one with control bytes.
  package static func accept(_ untrusted: String) -> String? {
    guard untrusted.utf8.first == ASCII.slash, untrusted.utf8.count <= bytesMax else { return nil }
    var previous: UInt8 = 0
    for byte in untrusted.utf8 {
      guard isAllowed(byte), !(byte == ASCII.slash && previous == ASCII.slash) else { return nil }
      previous = byte
    }
    return untrusted
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case ASCII.slash, ASCII.question, ASCII.equals, ASCII.ampersand, UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: ASCII.isDigit(byte)
    }
  }
}
