/// A request's path, decoded once; what is ambiguous is refused, so that nginx, the router and the
/// log can never disagree about which page was asked for.
package struct RequestPath: Sendable {
  /// As the client sent it, for the log. Visible ASCII only.
  package let raw: String

  /// Decoded, without slashes. "/" has none; a trailing slash gives a last, empty one.
  package let segments: [String]

  static let segmentsMax = 32

  init(_ raw: Substring) throws(ClientError) {
    let bytes = Array(raw.utf8)
    guard bytes.first == ASCII.slash else {
      throw .badRequest("the path does not begin with a slash")
    }
    self.raw = String(raw)
    segments = bytes.count == 1 ? [] : try Self.segments(of: bytes.dropFirst())
  }

  private static func segments(of bytes: ArraySlice<UInt8>) throws(ClientError) -> [String] {
    let encoded = bytes.split(separator: ASCII.slash, omittingEmptySubsequences: false)
    guard encoded.count <= segmentsMax else { throw .badRequest("the path is too deep") }
    var segments: [String] = []
    for (position, segment) in encoded.enumerated() {
      guard !segment.isEmpty || position == encoded.count - 1 else {
        throw .badRequest("the path holds an empty segment")
      }
      segments.append(try decodeSegment(segment))
    }
    return segments
  }

  private static func decodeSegment(_ encoded: ArraySlice<UInt8>) throws(ClientError) -> String {
    guard let bytes = PercentEncoding.decode(encoded, plusIsSpace: false) else {
      throw .badRequest("the path holds a broken percent escape")
    }
    guard !bytes.contains(ASCII.slash), !bytes.contains(ASCII.backslash) else {
      throw .badRequest("the path holds an encoded slash or a backslash")
    }
    guard bytes != [0x2E], bytes != [0x2E, 0x2E] else {
      throw .badRequest("the path holds a dot segment")
    }
    guard let text = CleanText.decode(bytes, allowing: .none) else {
      throw .badRequest("the path holds invalid UTF-8 or a control character")
    }
    return text
  }
}
