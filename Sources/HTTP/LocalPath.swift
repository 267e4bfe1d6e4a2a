/// Where a `next` parameter may send a browser: a page of this site, nothing else.
package enum LocalPath {
  static let bytesMax = 2048

  /// The path itself if it is `/[a-z0-9/_.-]*` without `//`, with a query as we write them; nil for anything
  /// a browser could read as another host, such as `//evil`, `/\evil` or one with control bytes, escaped or not.
  package static func accept(_ untrusted: String) -> String? {
    guard untrusted.utf8.first == ASCII.slash, untrusted.utf8.count <= bytesMax else { return nil }
    let question = untrusted.utf8.firstIndex(of: ASCII.question) ?? untrusted.utf8.endIndex
    var previous: UInt8 = 0
    for byte in untrusted.utf8[..<question] {
      guard isInPath(byte), !(byte == ASCII.slash && previous == ASCII.slash) else { return nil }
      previous = byte
    }
    return isQuery(untrusted.utf8[question...].dropFirst()) ? untrusted : nil
  }

  private static func isInPath(_ byte: UInt8) -> Bool {
    switch byte {
    case ASCII.slash, UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: ASCII.isDigit(byte)
    }
  }

  private static func isQuery(_ query: Substring.UTF8View) -> Bool {
    let isPlain = query.allSatisfy { byte in
      switch byte {
      case ASCII.equals, ASCII.ampersand, ASCII.percent, UInt8(ascii: "+"), UInt8(ascii: "~"),
        UInt8(ascii: "*"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
      default: isInPath(byte)
      }
    }
    guard isPlain, let meant = PercentEncoding.decode(Array(query)[...], plusIsSpace: true) else {
      return false
    }
    return CleanText.decode(meant, allowing: .none) != nil
  }
}
