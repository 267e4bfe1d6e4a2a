import Postgres

/// A lead's tags: lower-case words of any script, joined by - or _; each once.
package struct Tags: Sendable, Equatable {
  package let words: [String]

  package static let countMax = 20
  private static let lengthMax = 40

  /// Reads tags from a line, commas or spaces between them; nil where one is no tag or they are too many.
  package init?(typed: String) {
    var words: [String] = []
    for piece in typed.lowercased().split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
      let word = String(piece)
      guard Self.isTag(word) else { return nil }
      if !words.contains(word) { words.append(word) }
    }
    guard words.count <= Self.countMax else { return nil }
    self.words = words
  }

  private static func isTag(_ word: String) -> Bool {
    let parts = word.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "-" || $0 == "_" })
    return word.unicodeScalars.count <= lengthMax
      && parts.allSatisfy { part in
        !part.isEmpty
          && part.allSatisfy { $0.properties.isAlphabetic || $0.properties.numericType != nil }
      }
  }

  /// As the database joins them; a tag holds no space.
  static func read(_ joined: String) -> [String] { joined.split(separator: " ").map(String.init) }
}

extension Lead {
  package func retag(_ tags: Tags, in tx: Transaction<some Entry>) {
    let change = FieldChange(
      "tags", self.tags.joined(separator: " "), tags.words.joined(separator: " "))
    guard let change else { return }
    tx.run(
      "Lead.retag", "update leads set tags = \(SQL.TextArray(tags.words)) where id = \(id)")
    tx.record(.leadUpdated(id, changes: [change]))
  }
}
