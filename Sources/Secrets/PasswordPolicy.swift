/// Which new passwords are taken: long ones that are not easily guessed, with no rule about kinds
/// of characters (NIST SP 800-63B, ASVS V6.2).
package enum PasswordPolicy {
  /// Lengths in Unicode code points.
  package static let lengthMin = 12
  package static let lengthMax = 128

  package enum Refusal: Error, Equatable, Sendable {
    case tooShort
    case tooLong
    /// It holds a NUL, which no keyboard types.
    case unusableCharacter
    /// On the list of common passwords, or one of those with a year or so around it.
    case common
    /// One short piece over and over, or a row of the keyboard, or 1, 2, 3.
    case pattern
    /// Little more than the person's, company's or product's name.
    case personal
  }

  /// Nil when the password may be used. `context` holds words that an attacker knows: name, company,
  /// the parts of the address; "closerflow" is always among them.
  package static func refusal(of password: String, context: [String] = []) -> Refusal? {
    let scalars = Array(password.unicodeScalars)
    if scalars.contains(where: { $0.value == 0 }) { return .unusableCharacter }
    if scalars.count < lengthMin { return .tooShort }
    if scalars.count > lengthMax { return .tooLong }
    let folded = Array(password.lowercased().unicodeScalars)
    if isPattern(folded) { return .pattern }
    if isCommon(folded) { return .common }
    return isPersonal(folded, context + ["closerflow"]) ? .personal : nil
  }
}

extension PasswordPolicy {
  private typealias Scalars = [Unicode.Scalar]

  /// The password itself, its core without digits and signs at both ends, and both read as if
  /// written with look-alike digits ("p4ssw0rd").
  private static func isCommon(_ folded: Scalars) -> Bool {
    let core = core(of: folded)
    return [folded, core, inLetters(folded), inLetters(core)].contains { candidate in
      CommonPasswords.contains(String(String.UnicodeScalarView(candidate)))
    }
  }

  private static func core(of scalars: Scalars) -> Scalars {
    guard let first = scalars.firstIndex(where: \.properties.isAlphabetic),
      let last = scalars.lastIndex(where: \.properties.isAlphabetic)
    else { return [] }
    return Array(scalars[first...last])
  }

  private static func inLetters(_ scalars: Scalars) -> Scalars {
    scalars.map { lookAlikes[$0] ?? $0 }
  }

  private static let lookAlikes: [Unicode.Scalar: Unicode.Scalar] = [
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i",
  ]

  /// At most two breaks in a run of neighbours, or a piece of under eight characters repeated.
  private static func isPattern(_ scalars: Scalars) -> Bool {
    let breaks = zip(scalars, scalars.dropFirst()).count { !areNeighbours($0, $1) }
    if breaks <= 2 { return true }
    return (1..<min(8, scalars.count)).contains { period in
      zip(scalars, scalars.dropFirst(period)).allSatisfy { $0 == $1 }
    }
  }

  private static func areNeighbours(_ one: Unicode.Scalar, _ other: Unicode.Scalar) -> Bool {
    let distance = Int(one.value) - Int(other.value)
    if abs(distance) <= 1 { return true }
    return keyboardRows.contains { row in
      guard let at = row.firstIndex(of: one), let next = row.firstIndex(of: other) else {
        return false
      }
      return abs(at - next) == 1
    }
  }

  private static let keyboardRows: [Scalars] = [
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "1234567890",
  ].map { Array($0.unicodeScalars) }

  /// True when a context word of four or more characters leaves fewer than eight others.
  private static func isPersonal(_ folded: Scalars, _ context: [String]) -> Bool {
    context.contains { word in
      let word = Array(word.lowercased().unicodeScalars)
      guard word.count >= 4, folded.count - word.count < 8 else { return false }
      return (0...max(0, folded.count - word.count)).contains { start in
        folded[start...].starts(with: word)
      }
    }
  }
}
