/// `@Name` in a text: a colleague who is told.
package enum Mention {
  /// Who is mentioned, each once, in the order of the text. A name counts as it is displayed, or its
  /// first word where only one member has it; case aside, the longest one that fits. `@` inside a word,
  /// as in an address, is none.
  package static func members(in text: String, among members: [Member]) -> [Member] {
    let names = names(of: members)
    var mentioned: [Member] = []
    var rest = text.lowercased().unicodeScalars[...]
    var isInWord = false
    while let scalar = rest.popFirst() {
      if scalar == "@", !isInWord, let member = names.first(where: { fits($0.name, rest) })?.member,
        !mentioned.contains(where: { $0.id == member.id })
      {
        mentioned.append(member)
      }
      isInWord = isWordPart(scalar)
    }
    return mentioned
  }

  /// The longest first.
  private static func names(of members: [Member]) -> [(
    name: String.UnicodeScalarView, member: Member
  )] {
    let whole = members.map { (name: $0.name.lowercased(), member: $0) }
    let first = whole.map { (name: firstWord(of: $0.name), member: $0.member) }
    let unique = first.filter { one in first.count { $0.name == one.name } == 1 }
    return (whole + unique).filter { !$0.name.isEmpty }
      .map { ($0.name.unicodeScalars, $0.member) }
      .sorted { $0.0.count > $1.0.count }
  }

  private static func firstWord(of name: String) -> String {
    name.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
  }

  /// The name stands there, and ends where a word ends.
  private static func fits(
    _ name: String.UnicodeScalarView, _ text: Substring.UnicodeScalarView
  ) -> Bool {
    text.starts(with: name) && text.dropFirst(name.count).first.map(isWordPart) != true
  }

  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
}
