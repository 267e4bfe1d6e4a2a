/// The header lines of a message, checked and folded as they are added.
struct HeaderBlock {
  private(set) var bytes = [UInt8]()

  /// Lines break before a word that would pass column 76.
  private static let widthMax = 76

  mutating func add(_ name: String, _ mailboxes: [Mailbox]) throws(MailFailure) {
    var words = [String]()
    for (index, mailbox) in mailboxes.enumerated() {
      try Grammar.checkAddress(mailbox.address, field: name)
      try Grammar.checkText(mailbox.name, field: name)
      let comma = index == mailboxes.count - 1 ? "" : ","
      words += Self.displayName(mailbox.name)
      words.append(
        mailbox.name.isEmpty ? mailbox.address + comma : "<\(mailbox.address)>\(comma)")
    }
    addWords(name, words)
  }

  mutating func add(_ name: String, text: String) throws(MailFailure) {
    try Grammar.checkText(text, field: name)
    if EncodedWord.isNeeded(for: text) {
      let room = Self.widthMax - name.utf8.count - 2
      addWords(name, EncodedWord.words(of: text, firstWidth: min(room, 75)))
    } else {
      addWords(name, Self.split(text))
    }
  }

  mutating func add(_ name: String, identifiers: [String]) throws(MailFailure) {
    for id in identifiers { try Grammar.checkMessageID(id, field: name) }
    addWords(name, identifiers)
  }

  /// A header of the caller's choice, ASCII, whose words are short enough for one line each.
  mutating func add(extra name: String, _ value: String) throws(MailFailure) {
    try Grammar.checkText(name, field: "header name")
    try Grammar.checkText(value, field: name)
    let isName = name.utf8.allSatisfy { Grammar.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    let words = Self.split(value)
    guard isName, (1...60).contains(name.utf8.count), !Self.owned.contains(name.lowercased()),
      value.utf8.allSatisfy({ $0 < 0x80 }), words.allSatisfy({ $0.utf8.count <= 900 })
    else { throw .unusableHeader(field: name) }
    addWords(name, words)
  }

  /// Words that are already ASCII and checked.
  mutating func addWords(_ name: String, _ words: [String]) {
    bytes += Array("\(name):".utf8)
    var column = name.utf8.count + 1
    for (index, word) in words.enumerated() {
      // The first word stays beside the name: a header line must not be blank.
      if index > 0, column + 1 + word.utf8.count > Self.widthMax {
        bytes += [0x0D, 0x0A]
        column = 0
      }
      bytes.append(0x20)
      bytes += Array(word.utf8)
      column += 1 + word.utf8.count
    }
    bytes += [0x0D, 0x0A]
  }

  /// What the message writes itself, what would reveal blind copies, and what belongs to machines.
  private static let owned: Set<String> = [
    "from", "to", "cc", "bcc", "reply-to", "sender", "subject", "date", "message-id",
    "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding",
    "auto-submitted", "return-path", "received",
  ]

  private static func split(_ text: String) -> [String] {
    text.utf8.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Plain words, one quoted string, or encoded words; a quoted string may not be folded inside.
  private static func displayName(_ name: String) -> [String] {
    if name.isEmpty { return [] }
    let isLong = name.utf8.count > 60
    if isLong || EncodedWord.isNeeded(for: name) {
      // "Reply-To: " leaves the least room for a first word.
      return EncodedWord.words(of: name, firstWidth: 64)
    }
    let isPlain = name.utf8.allSatisfy {
      Grammar.isAlphanumeric($0) || Array(" !#$%&'*+-/=?^_`{|}~".utf8).contains($0)
    }
    if isPlain { return split(name) }
    let escaped = name.utf8.flatMap { byte in
      byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        ? [UInt8(ascii: "\\"), byte] : [byte]
    }
    return ["\"\(String(decoding: escaped, as: UTF8.self))\""]
  }
}
