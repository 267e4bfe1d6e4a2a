import Text

/// `@Name` in a text: a colleague who is told.
///
/// A name is as many words as it is displayed with, or its first one where only one member has it; case and
/// accents aside. It ends where a name ends: hyphens and apostrophes belong to a word, and behind a first name
/// alone no word with a capital may follow, which would be another's family name. What reads like a name and is
/// nobody's, or several people's, is unclear, and nobody is told. `@` inside a word, as in an address, is none.
package struct Mentions: Sendable {
  /// Each once, in the order of the text.
  package private(set) var members: [Member] = []
  /// As they were written, each once.
  package private(set) var unclear: [String] = []

  private static let wordsMax = 6
  private static let unclearMax = 10

  /// A word as it is written; a full stop behind it may be a sentence's end, or part of the name.
  private struct Word {
    let text: String
    let hasStop: Bool

    var spelled: String { Mentions.spelled(text) }
  }

  private typealias People = [(words: [String], member: Member)]

  package init(in text: String, among members: [Member]) {
    let people = members.map { (words: Self.words(of: $0.name), member: $0) }
    var rest = text.unicodeScalars[...]
    var isInWord = false
    while let scalar = rest.popFirst() {
      if scalar == "@", !isInWord { read(Self.words(at: rest), among: people) }
      isInWord = Self.isWordPart(scalar)
    }
  }

  private mutating func read(_ written: [Word], among people: People) {
    guard let first = written.first else { return }
    for count in (1...written.count).reversed() {
      let found = people.filter { Self.fits($0.words, written[..<count]) }
      if found.count == 1 { return tell(found[0].member) }
      if found.count > 1 { return leave(written[..<count].map(\.text).joined(separator: " ")) }
    }
    let found = people.filter { $0.words.first == first.spelled }
    let isFollowed = written.count > 1 && !first.hasStop && Self.isCapital(written[1].text)
    guard found.count == 1, !isFollowed else {
      return leave(isFollowed ? "\(first.text) \(written[1].text)" : first.text)
    }
    tell(found[0].member)
  }

  private static func fits(_ name: [String], _ written: ArraySlice<Word>) -> Bool {
    guard name.count == written.count else { return false }
    return zip(name, written).enumerated().allSatisfy { position, pair in
      let (word, found) = pair
      guard word != found.spelled else { return !found.hasStop || position == name.count - 1 }
      return word == found.spelled + "."
    }
  }

  private mutating func tell(_ member: Member) {
    guard !members.contains(where: { $0.id == member.id }) else { return }
    members.append(member)
  }

  private mutating func leave(_ name: String) {
    guard !unclear.contains(name), unclear.count < Self.unclearMax else { return }
    unclear.append(name)
  }

  private static func words(of name: String) -> [String] {
    spelled(name).split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// Case, accents and the kinds of hyphens and apostrophes aside.
  private static func spelled(_ text: String) -> String {
    text.folded.replacing("\u{2019}", with: "'").replacing("\u{2010}", with: "-")
      .replacing("\u{2011}", with: "-")
  }

  /// The words that stand there, as far as they are parted by single spaces.
  private static func words(at text: Substring.UnicodeScalarView) -> [Word] {
    var words: [Word] = []
    var rest = text
    while words.count < wordsMax {
      let word = word(at: rest)
      guard !word.isEmpty else { break }
      rest = rest.dropFirst(word.count)
      let hasStop = rest.first == "."
      if hasStop { rest = rest.dropFirst() }
      words.append(Word(text: String(word), hasStop: hasStop))
      guard rest.popFirst().map(isSpace) == true else { break }
    }
    return words
  }

  /// Letters and digits, with hyphens, apostrophes and full stops between two of them.
  private static func word(at text: Substring.UnicodeScalarView) -> Substring.UnicodeScalarView {
    var end = text.startIndex
    while end < text.endIndex {
      let next = text.index(after: end)
      let isInner =
        isJoiner(text[end]) && end > text.startIndex && next < text.endIndex
        && isWordPart(text[next])
      guard isWordPart(text[end]) || isInner else { break }
      end = next
    }
    return text[..<end]
  }

  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .spacingMark: true
    default: scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
  }

  private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool {
    "-\u{2010}\u{2011}'\u{2019}.".unicodeScalars.contains(scalar)
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    scalar == " " || scalar == "\u{A0}" || scalar == "\u{202F}"
  }

  private static func isCapital(_ word: String) -> Bool {
    switch word.unicodeScalars.first?.properties.generalCategory {
    case .uppercaseLetter, .titlecaseLetter: true
    default: false
    }
  }
}
