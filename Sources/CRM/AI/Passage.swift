import Text

/// A text as code points, with what a reader sees in it: words, addresses, numbers, placeholders.
struct Passage {
  let scalars: [Unicode.Scalar]
  let words: [Word]
  /// By where a word begins, its place in `words`.
  private let wordStarts: [Int: Int]

  struct Word {
    let range: Range<Int>
    /// Case, accents, full width and what nobody sees aside.
    let folded: String
    let isCapitalised: Bool
  }

  init(_ text: String) {
    scalars = Array(text.unicodeScalars)
    var words: [Word] = []
    var start: Int?
    for position in 0...scalars.count {
      let isInside = position < scalars.count && Self.isWord(scalars[position])
      if isInside {
        start = start ?? position
      } else if let begin = start {
        words.append(Self.word(scalars, begin..<position))
        start = nil
      }
    }
    self.words = words
    wordStarts = Dictionary(
      uniqueKeysWithValues: words.enumerated().map { ($1.range.lowerBound, $0) })
  }

  private static func word(_ scalars: [Unicode.Scalar], _ range: Range<Int>) -> Word {
    let seen = scalars[range].filter { !isUnseen($0) }
    return Word(
      range: range, folded: text(seen[...]).composedInLowerCase.folded,
      isCapitalised: seen.first?.properties.isUppercase == true)
  }

  subscript(_ range: Range<Int>) -> String { Self.text(scalars[range]) }

  /// All digits, of whatever script, as ASCII has them.
  var digits: [UInt8] { scalars.compactMap(Self.digit) }

  func word(at position: Int) -> Word? { wordStarts[position].map { words[$0] } }

  private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return String(view)
  }

  /// Where the words end when they stand here, at most three other signs between one and the next.
  func end(of wanted: [String], at position: Int) -> Int? {
    guard let first = wordStarts[position], words.count - first >= wanted.count else { return nil }
    for (offset, folded) in wanted.enumerated() {
      let word = words[first + offset]
      guard word.folded == folded || offset == wanted.count - 1 && word.folded.withoutS == folded
      else { return nil }
      if offset > 0, word.range.lowerBound - words[first + offset - 1].range.upperBound > 3 {
        return nil
      }
    }
    return words[first + wanted.count - 1].range.upperBound
  }

  /// Something@something: letters of any script, and the signs an address may hold.
  func emailEnd(at position: Int) -> Int? {
    guard position == 0 || !Self.isLocal(scalars[position - 1]) else { return nil }
    var at = position
    while at < scalars.count, Self.isLocal(scalars[at]) { at += 1 }
    guard at > position, at < scalars.count, Self.isAt(scalars[at]) else { return nil }
    var end = at + 1
    while end < scalars.count, Self.isHost(scalars[end]) { end += 1 }
    // A full stop behind an address ends the sentence.
    while end > at + 1, scalars[end - 1] == "." || scalars[end - 1] == "-" { end -= 1 }
    return end > at + 1 ? end : nil
  }

  /// A host name with a dot in it.
  func hostEnd(at position: Int) -> Int? {
    guard Self.isHost(scalars[position]), position == 0 || !Self.isHost(scalars[position - 1])
    else { return nil }
    var end = position
    while end < scalars.count, Self.isHost(scalars[end]) { end += 1 }
    while end > position, scalars[end - 1] == "." || scalars[end - 1] == "-" { end -= 1 }
    return scalars[position..<end].contains(".") ? end : nil
  }

  /// Behind one of the numbers, of which the last `count` digits are known, when its first digit stands here: at most
  /// three signs and no letter between two digits.
  func endOfNumber(at position: Int, digits count: Int, in known: Set<[UInt8]>) -> Int? {
    guard !known.isEmpty, Self.digit(scalars[position]) != nil || scalars[position] == "+",
      position == 0 || Self.digit(scalars[position - 1]) == nil
    else { return nil }
    var run: [UInt8] = []
    var next = position
    var lastEnd = position + 1
    while next < scalars.count, run.count < Self.dialledMax, next - lastEnd <= 3 {
      if let digit = Self.digit(scalars[next]) {
        run.append(digit)
        lastEnd = next + 1
        if run.count >= count, known.contains(Array(run.suffix(count))) { return lastEnd }
      } else if Self.isWord(scalars[next]), !Self.isUnseen(scalars[next]) {
        return nil
      }
      next += 1
    }
    return nil
  }

  /// 00, a country's code, and 15 digits.
  private static let dialledMax = 20

  /// A telephone number: seven to seventeen digits with the signs people type between them; not a
  /// date, and not an amount.
  func phoneEnd(at position: Int) -> Int? {
    let first = scalars[position]
    guard Self.isDigit(first) || first == "+" || first == "(" else { return nil }
    guard position == 0 || !Self.isDigit(scalars[position - 1]) else { return nil }
    var groups: [Int] = [0]
    var count = 0
    var end = position
    var next = position
    while next < scalars.count, count <= 17 {
      let scalar = scalars[next]
      if Self.isDigit(scalar) {
        groups[groups.count - 1] += 1
        count += 1
        end = next + 1
      } else if next == position || Self.isPhoneSign(scalar), next - end < 3 {
        if groups.last != 0 { groups.append(0) }
      } else {
        break
      }
      next += 1
    }
    guard (7...17).contains(count) else { return nil }
    if first == "+" || first == "(" { return end }
    return isDateOrAmount(groups.filter { $0 > 0 }, count, endingAt: end) ? nil : end
  }

  /// 2026-11-21 and 21/11/2026, 2024-2026, 1 200 000 and 1200000.
  private func isDateOrAmount(_ groups: [Int], _ count: Int, endingAt end: Int) -> Bool {
    if groups == [4, 2, 2] || groups == [2, 2, 4] || groups == [4, 4] { return true }
    guard count < 9 else { return false }
    if groups.count > 1 { return groups.dropFirst().allSatisfy { $0 == 3 } }
    return scalars[(end - 3)..<end].allSatisfy(Self.isZero)
  }

  /// `[PERSON_1]`, also without its brackets where a model has lost them.
  func placeholderEnd(at position: Int) -> Int? {
    let isBracketed = scalars[position] == "["
    let start = isBracketed ? position + 1 : position
    var end = start
    while end < scalars.count, Self.isLabel(scalars[end]) { end += 1 }
    guard end > start, Self.labels.contains(where: { self[start..<end].utf8.starts(with: $0.utf8) })
    else { return nil }
    if isBracketed { return end < scalars.count && scalars[end] == "]" ? end + 1 : nil }
    return end
  }

  private static let labels = ["PERSON_", "COMPANY_", "EMAIL_", "DOMAIN_", "PHONE_", "TEXT_"]

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
      || scalar.properties.generalCategory == .nonspacingMark
      || isUnseen(scalar)
  }

  private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isDefaultIgnorableCodePoint
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.numericType == .decimal
  }

  private static func digit(_ scalar: Unicode.Scalar) -> UInt8? {
    guard isDigit(scalar), let value = scalar.properties.numericValue else { return nil }
    return 48 + UInt8(value)
  }

  private static func isZero(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.numericValue == 0
  }

  private static func isPhoneSign(_ scalar: Unicode.Scalar) -> Bool {
    " .-/()\u{A0}\u{202F}\u{2009}\u{2010}\u{2011}\u{2013}".unicodeScalars.contains(scalar)
  }

  private static func isAt(_ scalar: Unicode.Scalar) -> Bool {
    scalar == "@" || scalar == "\u{FF20}" || scalar == "\u{FE6B}"
  }

  private static func isLocal(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) || "!#$%&'*+/=?^_`{|}~.-".unicodeScalars.contains(scalar)
  }

  private static func isHost(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) || scalar == "." || scalar == "-"
  }

  private static func isLabel(_ scalar: Unicode.Scalar) -> Bool {
    ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
  }
}
