/// Ordered name and value pairs of `application/x-www-form-urlencoded`, in a query or in a body.
package struct NamedValues: Sendable {
  package struct Pair: Sendable {
    package let name: String
    package let value: String
  }

  package static let pairsMax = 200
  package static let valueBytesMax = 256 * 1024
  static let nameBytesMax = 128

  package let pairs: [Pair]

  init(_ bytes: ArraySlice<UInt8>, allowing controls: CleanText.Controls) throws(ClientError) {
    var pairs: [Pair] = []
    var start = bytes.startIndex
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: ASCII.ampersand) ?? bytes.endIndex
      if end > start {
        guard pairs.count < Self.pairsMax else { throw .badRequest("too many fields") }
        pairs.append(try Self.pair(bytes[start..<end], allowing: controls))
      }
      start = end + 1
    }
    self.pairs = pairs
  }

  /// A query that was kept as text, such as in a hidden field.
  package init(query: String) throws(ClientError) {
    try self.init(Array(query.utf8)[...], allowing: .none)
  }

  /// Fields that came in another envelope.
  init(_ pairs: [Pair]) { self.pairs = pairs }

  /// A field whose value came as it is.
  static func pair(_ name: String, text: [UInt8]) throws(ClientError) -> Pair {
    guard name.utf8.count <= nameBytesMax, text.count <= valueBytesMax else {
      throw .contentTooLarge("a field is too long")
    }
    guard let value = CleanText.decode(text, allowing: .lineBreaks) else {
      throw .badRequest("a field holds invalid UTF-8 or a control character")
    }
    return Pair(name: name, value: value)
  }

  private static func pair(
    _ bytes: ArraySlice<UInt8>, allowing controls: CleanText.Controls
  ) throws(ClientError) -> Pair {
    let equals = bytes.firstIndex(of: ASCII.equals)
    let name = bytes[..<(equals ?? bytes.endIndex)]
    let value = equals.map { bytes[($0 + 1)...] } ?? []
    return Pair(
      name: try decode(name, bytesMax: nameBytesMax, allowing: .none),
      value: try decode(value, bytesMax: valueBytesMax, allowing: controls))
  }

  private static func decode(
    _ encoded: ArraySlice<UInt8>, bytesMax: Int, allowing controls: CleanText.Controls
  ) throws(ClientError) -> String {
    guard let bytes = PercentEncoding.decode(encoded, plusIsSpace: true) else {
      throw .badRequest("a field holds a broken percent escape")
    }
    guard bytes.count <= bytesMax else { throw .contentTooLarge("a field is too long") }
    guard let text = CleanText.decode(bytes, allowing: controls) else {
      throw .badRequest("a field holds invalid UTF-8 or a control character")
    }
    return text
  }

  /// The one value of this name, nil when it is absent. Given twice, two readers could pick
  /// differently, so that is a 400.
  package func value(_ name: String) throws(ClientError) -> String? {
    var found: String?
    for pair in pairs where sameBytes(pair.name, name) {
      guard found == nil else { throw .badRequest("a field that may be given once is repeated") }
      found = pair.value
    }
    return found
  }

  /// Every value of a name that may be repeated, in the order sent.
  package func values(_ name: String) -> [String] {
    pairs.lazy.filter { sameBytes($0.name, name) }.map(\.value)
  }

  /// What was kept in the grammar of a query.
  package init(_ pairs: [(name: String, value: String)]) {
    self.pairs = pairs.map { Pair(name: $0.name, value: $0.value) }
  }

  package var isEmpty: Bool { pairs.isEmpty }

  /// The pairs as a query without its "?", every byte encoded that could be mistaken.
  package static func encode(_ pairs: [(name: String, value: String)]) -> String {
    pairs.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
      .joined(separator: "&")
  }
}
