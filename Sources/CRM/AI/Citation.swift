/// A text that a model may quote from, under the name it is given there.
package struct Source: Sendable, Equatable {
  package let name: String
  package let text: String

  package init(_ name: String, _ text: String) {
    self.name = name
    self.text = text
  }
}

/// Words of a source that a claim rests on.
package struct Citation: Sendable, Equatable {
  package let source: String
  package let quote: String

  package init(source: String, quote: String) {
    self.source = source
    self.quote = quote
  }

  /// True when the source it names holds the quote, byte for byte. A quote of a byte or two is in
  /// every text and proves nothing.
  package func isVerbatim(in sources: [Source]) -> Bool {
    let words = Array(quote.utf8)
    guard words.count(where: { $0 > 0x20 }) >= Self.bytesMin else { return false }
    return sources.contains { candidate in
      candidate.name.utf8.elementsEqual(source.utf8)
        && Self.holds(Array(candidate.text.utf8), words)
    }
  }

  static let bytesMin = 3

  private static func holds(_ text: [UInt8], _ words: [UInt8]) -> Bool {
    guard text.count >= words.count else { return false }
    return (0...(text.count - words.count)).contains { text[$0...].starts(with: words) }
  }
}
