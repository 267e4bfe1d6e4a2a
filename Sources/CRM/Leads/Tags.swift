import Postgres
import Text

/// A lead's tags: lower-case words of any script, joined by - or _; each once, case and accents aside.
package struct Tags: Sendable, Equatable {
  package let words: [String]

  package static let countMax = 20
  /// Usual ones; any other word will do.
  package static let usual = [
    "no_response", "neutral", "positive", "resistive", "disconnect", "strategy_review_required",
    "intent_appointment", "intent_purchase",
  ]
  private static let lengthMax = 40

  /// Reads tags from a line, commas or spaces between them; nil where one is no tag or they are too many.
  package init?(typed: String) {
    let pieces = typed.composedInLowerCase
      .split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
    guard pieces.allSatisfy(Self.isTag) else { return nil }
    self.init(words: pieces)
  }

  private static func isTag(_ word: String) -> Bool {
    let parts = word.unicodeScalars.split(
      omittingEmptySubsequences: false, whereSeparator: { $0 == "-" || $0 == "_" })
    return word.unicodeScalars.count <= lengthMax
      && parts.allSatisfy { part in
        !part.isEmpty
          // As PostgreSQL has it: letters of any script, digits of one.
          && part.allSatisfy { $0.properties.isAlphabetic || ("0"..."9").contains($0) }
      }
  }

  /// As the database joins them; a tag holds no space.
  package static func read(_ joined: String) -> [String] {
    joined.split(separator: " ").map(String.init)
  }
}

extension Tags {
  /// The words as a set, first come first: nil where they are too many.
  fileprivate init?(words: [String]) {
    let kept = Self.once(words)
    guard kept.count <= Self.countMax else { return nil }
    self.words = kept
  }

  /// The first of each spelling.
  private static func once(_ words: [String]) -> [String] {
    var seen: Set<String> = []
    return words.filter { seen.insert($0.folded).inserted }
  }
}

extension Tags {
  /// Both, the first ones first, as many as a lead may have.
  init(joining one: [String], _ other: [String]) {
    words = Array(Self.once(one + other).prefix(Self.countMax))
  }
}

extension Tags {
  /// Those of the newest leads, the most frequent first, then the usual ones.
  package static let vocabulary = Query<[String]>(
    "Tags.vocabulary",
    """
    select t.tag from (select l.tags from leads l order by l.id desc limit 300) l, unnest(l.tags) t (tag)
    group by t.tag order by count(*) desc, t.tag limit 30
    """, all: { try $0.next(String.self) }
  ).map { used in used + usual.filter { !used.contains($0) } }
}

extension Lead {
  /// Makes the difference between the tags somebody saw and those they want; what others added or took
  /// off meanwhile stays so.
  package func retag(_ wanted: Tags, seen: [String], in tx: Transaction<some Entry>) throws {
    let kept = tags.filter { wanted.words.contains($0) || !seen.contains($0) }
    let added = wanted.words.filter { !seen.contains($0) }
    guard let tags = Tags(words: kept + added) else { throw Refusal.tooManyTags }
    [self].retag([tags], in: tx)
  }
}

extension [Lead] {
  /// Adds tags to each and takes others off.
  package func tag(adding: Tags, removing: Tags, in tx: Transaction<some Entry>) throws {
    let wanted = try map { lead in
      let kept = lead.tags.filter { !removing.words.contains($0) }
      guard let tags = Tags(words: kept + adding.words) else { throw Lead.Refusal.tooManyTags }
      return tags
    }
    retag(wanted, in: tx)
  }

  fileprivate func retag(_ wanted: [Tags], in tx: Transaction<some Entry>) {
    let changes = zip(self, wanted).compactMap { lead, tags in
      FieldChange("tags", lead.tags.joined(separator: " "), tags.words.joined(separator: " "))
        .map { (lead: lead, tags: tags, change: $0) }
    }
    guard !changes.isEmpty else { return }
    tx.run(
      "Lead.retag",
      """
      update leads l set tags = string_to_array(t.tags, ' ')
      from unnest(\(SQL.ids(changes.map(\.lead.id))), \(SQL.texts(changes.map { $0.tags.words.joined(separator: " ") })))
        t (id, tags)
      where l.id = t.id
      """)
    tx.record(changes.map { .leadUpdated($0.lead.id, changes: [$0.change]) })
  }
}
