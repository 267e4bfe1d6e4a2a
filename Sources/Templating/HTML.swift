/// Markup that is safe to stand in a page as it is. Only code that made it safe may build one.
package struct HTML: Sendable, Equatable {
  package let bytes: [UInt8]

  package static let none = HTML(safe: [])

  /// Takes the word of the caller, who escaped or sanitised these bytes.
  package init(safe bytes: [UInt8]) { self.bytes = bytes }

  package init(safe text: String) { bytes = Array(text.utf8) }

  package init(escaping text: String) {
    var buffer = ByteBuffer(capacity: text.utf8.count * 2)
    buffer.escape(text)
    bytes = buffer.bytes
  }
}
