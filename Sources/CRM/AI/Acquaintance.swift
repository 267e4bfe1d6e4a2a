import Text

/// What is known of the people around a lead, as it is looked for in a text: names by their words, numbers by their
/// digits, addresses by their domains.
struct Acquaintance: Sendable {
  /// By their first word; the longest first.
  private var names: [String: [Name]] = [:]
  /// The last digits of numbers: what stays the same however a number is dialled.
  private var numbers: Set<[UInt8]> = []
  /// In ASCII.
  private var domains: Set<String> = []

  private struct Name: Sendable {
    let words: [String]
    let label: String
    /// A common word is only a name where it is written like one.
    let isCommon: Bool
  }

  init(people: [Pseudonyms.Person], companies: [String]) {
    for (index, person) in people.enumerated() {
      for spelt in Set([person, person.withUmlautsWrittenOut]) {
        add(spelt, as: "PERSON_\(index + 1)")
      }
    }
    for (index, company) in companies.enumerated() {
      add(company: company, as: "COMPANY_\(index + 1)")
    }
    for (first, found) in names {
      names[first] = found.enumerated().sorted {
        ($1.element.words.count, $0.offset) < ($0.element.words.count, $1.offset)
      }.map(\.element)
    }
  }

  private mutating func add(_ person: Pseudonyms.Person, as label: String) {
    let parts = [person.firstName, person.lastName].compactMap { $0 }
    for whole in [parts, parts.reversed()] {
      add(words: CommonWords.split(whole.joined(separator: " ")), label)
    }
    for (part, suffix) in zip([person.firstName, person.lastName], ["_FIRST", "_LAST"]) {
      guard let part else { continue }
      let own = parts.count == 1 ? label : label + suffix
      let words = CommonWords.split(part)
      add(words: words, own)
      // Half a double name is the name, too.
      if words.count > 1 {
        for word in words where !CommonWords.has(word) || CommonWords.isAlsoName(word) {
          add(words: [word], own)
        }
      }
    }
    add(address: person.email, as: label)
    let digits = person.phone.map { $0.utf8.filter { (48...57).contains($0) } } ?? []
    if digits.count >= Self.digitsKept { numbers.insert(Array(digits.suffix(Self.digitsKept))) }
  }

  private mutating func add(company: String, as label: String) {
    let words = CommonWords.split(company)
    let bare = CommonWords.withoutLegalForm(words)
    add(words: words, label)
    add(words: bare, label)
    if bare.count > 1 {
      for word in bare where !CommonWords.has(word) { add(words: [word], label) }
    }
  }

  private mutating func add(address: String?, as label: String) {
    guard let address, let at = address.lastIndex(of: "@") else { return }
    let domain = String(address[address.index(after: at)...])
    if !CommonWords.mailHosts.contains(domain) { domains.insert(domain) }
    let words = CommonWords.split(String(address[..<at]))
    let isDesk = words.allSatisfy(CommonWords.has)
    if !isDesk, words.reduce(0, { $0 + $1.unicodeScalars.count }) > 3 { add(words: words, label) }
  }

  /// The words one after the other, and as one.
  private mutating func add(words: [String], _ label: String) {
    // A single letter is an initial, and half of any text.
    guard words.contains(where: { $0.unicodeScalars.count > 1 }) else { return }
    for words in Set([words, words.map(\.withoutUmlauts), [words.joined()]]) {
      let isCommon = words.count == 1 && CommonWords.has(words[0])
      names[words[0], default: []].append(Name(words: words, label: label, isCommon: isCommon))
    }
  }

  /// Where what is known ends, and what to call it, when something begins here.
  func find(in passage: Passage, at position: Int) -> (end: Int, label: String)? {
    if let end = passage.endOfNumber(at: position, digits: Self.digitsKept, in: numbers) {
      return (end, "PHONE")
    }
    if !domains.isEmpty, let end = passage.hostEnd(at: position), isKnown(passage[position..<end]) {
      return (end, "DOMAIN")
    }
    guard let word = passage.word(at: position) else { return nil }
    for key in [word.folded, word.folded.withoutS].compactMap({ $0 }) {
      for name in names[key] ?? [] where !name.isCommon || word.isCapitalised {
        if let end = passage.end(of: name.words, at: position) { return (end, name.label) }
      }
    }
    return nil
  }

  private func isKnown(_ host: String) -> Bool {
    guard let host = EmailAddress("x@\(host)")?.text.dropFirst(2) else { return false }
    return domains.contains { host == $0 || host.hasSuffix(".\($0)") }
  }

  /// Of a number: countries' codes and the zeros before them differ, these do not.
  private static let digitsKept = 7
}

extension Pseudonyms.Person {
  /// Mueller for Müller.
  fileprivate var withUmlautsWrittenOut: Self {
    func written(_ name: String?) -> String? {
      name.map { name in
        ["ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"].reduce(name.composedInLowerCase) {
          $0.replacing($1.key, with: $1.value)
        }
      }
    }
    return .init(
      firstName: written(firstName), lastName: written(lastName), email: email, phone: phone)
  }
}

extension String {
  /// Mueller as Müller is folded.
  var withoutUmlauts: String {
    ["ae", "oe", "ue"].reduce(self) { $0.replacing($1, with: String($1.prefix(1))) }
  }

  /// A possessive or plural without its s.
  var withoutS: String? {
    utf8.count > 2 && utf8.last == UInt8(ascii: "s") ? String(dropLast()) : nil
  }
}
