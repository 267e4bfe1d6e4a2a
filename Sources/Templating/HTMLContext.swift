/// Where in the HTML the writer stands, followed over the literal bytes of a template.
///
/// Escaping makes a value safe in content and between quotes, nowhere else; this tells the
/// compiler which it is. It is the part of the HTML tokenizer that this question needs.
struct HTMLContext: Equatable {
  /// How much of a comment's end is read.
  private enum CommentEnd { case none, dash, twoDashes, bang }

  private enum Place: Equatable {
    case content
    case tagOpen, tagName, tag, attributeName, beforeValue, unquotedValue
    case quotedValue(quote: UInt8)
    case declaration
    case comment(CommentEnd)
    /// Inside script, style, textarea, title and the like; `matched` bytes of the end tag are read.
    case rawText(matched: Int)
  }

  private var place = Place.content
  private var element: [UInt8] = []
  private var attribute: [UInt8] = []
  private var isEndTag = false
  /// True once the value holds a byte that ends a URL's scheme, so data can no longer choose it.
  private var schemeIsSettled = false

  var isContent: Bool { place == .content }

  /// Why an escaped value may not stand here; nil when it may.
  var objectionToText: String? {
    switch place {
    case .content: nil
    case .comment: "data may not stand in a comment; {{! … }} is one that is not sent"
    case .rawText where element == Self.title || element == Self.textarea: nil
    case .rawText: "data inside <\(String(decoding: element, as: UTF8.self))> cannot be made safe"
    case .quotedValue where isCode:
      "data in the attribute \(attributeName) would run as code or style"
    case .quotedValue: nil
    case .beforeValue, .unquotedValue: "put the value of the attribute \(attributeName) in quotes"
    case .tagOpen, .tagName, .tag, .attributeName:
      "data may stand in content or in a quoted attribute value, not in the tag itself"
    case .declaration: "data may not stand in a <!…> declaration"
    }
  }

  /// True where a value could name the scheme of a link, such as `javascript:`.
  var choosesScheme: Bool {
    guard case .quotedValue = place, !schemeIsSettled else { return false }
    return Self.linkAttributes.contains(attributeName)
  }

  private var attributeName: String { String(decoding: attribute, as: UTF8.self) }

  private var isCode: Bool {
    attribute.starts(with: "on".utf8) || attributeName == "style" || attributeName == "srcdoc"
  }

  private static let title = Array("title".utf8)
  private static let textarea = Array("textarea".utf8)
  private static let linkAttributes: Set = [
    "href", "src", "action", "formaction", "cite", "poster", "data", "ping", "xlink:href",
  ]
  private static let rawElements: Set = [
    "script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes",
  ]

  /// The context behind a section that may run or not: both ways must meet in the same place.
  func joined(with other: HTMLContext) -> HTMLContext? {
    guard meetingPlace == other.meetingPlace else { return nil }
    if case .quotedValue = place, attribute != other.attribute { return nil }
    if case .rawText = place, element != other.element { return nil }
    var joined = other
    joined.schemeIsSettled = schemeIsSettled && other.schemeIsSettled
    return joined
  }

  private var meetingPlace: Place {
    switch place {
    case .tagName, .attributeName: .tag
    case .comment: .comment(.none)
    case .rawText: .rawText(matched: 0)
    default: place
    }
  }

  var description: String {
    switch place {
    case .content: "content"
    case .tagOpen, .tagName, .tag, .attributeName: "a tag"
    case .beforeValue, .unquotedValue: "an unquoted attribute value"
    case .quotedValue: "the value of the attribute \(attributeName)"
    case .declaration: "a declaration"
    case .comment: "a comment"
    case .rawText: "<\(String(decoding: element, as: UTF8.self))>"
    }
  }

  /// A value was written here: it interrupts whatever end mark was half read.
  mutating func passValue() {
    switch place {
    case .rawText: place = .rawText(matched: 0)
    default: break
    }
  }

  mutating func pass(_ bytes: [UInt8]) {
    for byte in bytes { pass(byte) }
  }

  private mutating func pass(_ byte: UInt8) {
    switch place {
    case .content: if byte == UInt8(ascii: "<") { place = .tagOpen }
    case .tagOpen: openTag(byte)
    case .tagName: if !endsWord(byte) { element.append(lowered(byte)) } else { attribute = [] }
    case .tag: passInTag(byte)
    case .attributeName: passInAttributeName(byte)
    case .beforeValue: passBeforeValue(byte)
    case .unquotedValue: if endsWord(byte, slashEnds: false) { attribute = [] }
    case .quotedValue(let quote): passInValue(byte, quote)
    case .declaration: passInDeclaration(byte)
    case .comment(let end): passInComment(byte, end)
    case .rawText(let matched): passInRawText(byte, matched)
    }
  }

  private mutating func openTag(_ byte: UInt8) {
    switch lowered(byte) {
    case UInt8(ascii: "a")...UInt8(ascii: "z"):
      place = .tagName
      element = [lowered(byte)]
    case UInt8(ascii: "/") where !isEndTag: isEndTag = true
    case UInt8(ascii: "!"), UInt8(ascii: "?"):
      place = .declaration
      attribute = []
    case UInt8(ascii: "<"): isEndTag = false
    default:
      place = .content
      isEndTag = false
    }
  }

  /// Leaves a tag name or an unquoted value at white space, `/` or `>`.
  private mutating func endsWord(_ byte: UInt8, slashEnds: Bool = true) -> Bool {
    if byte == UInt8(ascii: ">") {
      closeTag()
    } else if Lexer.isSpace(byte) || slashEnds && byte == UInt8(ascii: "/") {
      place = .tag
      if byte == UInt8(ascii: "/") { attribute = [] }
    } else {
      return false
    }
    return true
  }

  private mutating func closeTag() {
    let name = String(decoding: element, as: UTF8.self)
    place = !isEndTag && Self.rawElements.contains(name) ? .rawText(matched: 0) : .content
    isEndTag = false
  }

  private mutating func passInTag(_ byte: UInt8) {
    if endsWord(byte) { return }
    // Behind a name and white space, "=" still brings the value of that name.
    if byte == UInt8(ascii: "="), !attribute.isEmpty {
      place = .beforeValue
    } else {
      place = .attributeName
      attribute = [lowered(byte)]
    }
  }

  private mutating func passInAttributeName(_ byte: UInt8) {
    if byte == UInt8(ascii: "=") {
      place = .beforeValue
    } else if !endsWord(byte) {
      attribute.append(lowered(byte))
    }
  }

  private mutating func passBeforeValue(_ byte: UInt8) {
    schemeIsSettled = false
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "'"): place = .quotedValue(quote: byte)
    case UInt8(ascii: ">"): closeTag()
    default: if !Lexer.isSpace(byte) { place = .unquotedValue }
    }
  }

  private mutating func passInValue(_ byte: UInt8, _ quote: UInt8) {
    switch byte {
    case quote:
      place = .tag
      attribute = []
    case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: ":"):
      schemeIsSettled = true
    default: break
    }
  }

  private mutating func passInDeclaration(_ byte: UInt8) {
    if byte == UInt8(ascii: ">") {
      place = .content
      return
    }
    attribute.append(byte)
    if attribute == Array("--".utf8) { place = .comment(.twoDashes) }
  }

  /// A comment ends at `-->` and at `--!>`, and the dashes may be those that begin it.
  private mutating func passInComment(_ byte: UInt8, _ end: CommentEnd) {
    switch (byte, end) {
    case (UInt8(ascii: ">"), .twoDashes), (UInt8(ascii: ">"), .bang): place = .content
    case (UInt8(ascii: "-"), .none), (UInt8(ascii: "-"), .bang): place = .comment(.dash)
    case (UInt8(ascii: "-"), _): place = .comment(.twoDashes)
    case (UInt8(ascii: "!"), .twoDashes): place = .comment(.bang)
    default: place = .comment(.none)
    }
  }

  private mutating func passInRawText(_ byte: UInt8, _ matched: Int) {
    let end = Array("</".utf8) + element
    if matched == end.count,
      byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") || Lexer.isSpace(byte)
    {
      isEndTag = true
      _ = endsWord(byte)
    } else if matched < end.count, lowered(byte) == end[matched] {
      place = .rawText(matched: matched + 1)
    } else {
      place = .rawText(matched: byte == UInt8(ascii: "<") ? 1 : 0)
    }
  }

  private func lowered(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
