/// A language that CloserFlow speaks.
package enum WrittenLanguage: String, CaseIterable, Sendable {
  case english = "en"
  case french = "fr"

  /// By its code or its name in either language.
  package init?(named name: String) {
    switch name.lowercased() {
    case "en", "english", "anglais": self = .english
    case "fr", "french", "français", "francais": self = .french
    default: return nil
    }
  }

  /// The language a text is written in, told by its commonest small words; nil where it is too short to
  /// say, or another one.
  ///
  /// The words are those that are frequent in one of the two and absent from the other. A text counts as
  /// the one with at least two such words, one in twelve of all, and twice those of the other.
  package static func detect(_ text: String) -> WrittenLanguage? {
    var total = 0
    var counts: [WrittenLanguage: Int] = [:]
    for word in text.lowercased().split(whereSeparator: { !$0.isLetter }) {
      total += 1
      for language in allCases where language.words.contains(String(word)) {
        counts[language, default: 0] += 1
      }
    }
    let ranked = allCases.sorted { counts[$0, default: 0] > counts[$1, default: 0] }
    let (first, second) = (counts[ranked[0], default: 0], counts[ranked[1], default: 0])
    guard first >= 2, first * 12 >= total, first >= second * 2 else { return nil }
    return ranked[0]
  }

  private var words: Set<String> {
    switch self {
    case .english: Self.englishWords
    case .french: Self.frenchWords
    }
  }

  private static let englishWords: Set<String> = [
    "the", "and", "of", "to", "is", "are", "we", "you", "your", "our", "for", "with", "would",
    "have",
    "has", "this", "that", "it", "be", "can", "could", "need", "want", "looking", "like", "please",
    "from", "how", "what", "when", "about", "was", "were", "hello", "thanks", "thank", "will", "do",
    "does", "my", "at", "by", "an", "new",
  ]

  private static let frenchWords: Set<String> = [
    "le", "la", "les", "des", "et", "est", "nous", "vous", "votre", "vos", "notre", "nos", "pour",
    "avec",
    "une", "un", "du", "de", "dans", "sur", "je", "il", "elle", "que", "qui", "au", "aux", "ce",
    "cette",
    "merci", "bonjour", "besoin", "voudrais", "souhaite", "cherche", "mon", "ma", "mes", "pas",
    "plus",
    "sont", "être", "avoir", "par", "en", "l", "d", "j", "s", "c",
  ]
}
