/// A letter in two forms, plain text and HTML, and the headers around it.
///
/// The same values always give the same bytes, so what was approved can be compared with what is
/// sent. Blind copies are no part of it: they are recipients of the envelope only.
package struct MIMEMessage: Equatable, Sendable {
  package var from: Mailbox
  package var to: [Mailbox]
  package var cc: [Mailbox]
  package var replyTo: Mailbox?
  package var subject: String
  /// `<left@right>`, ours, the same on every try.
  package var messageID: String
  /// Unix time; written in UTC.
  package var sentAtSeconds: Int64
  /// Message-IDs with their brackets.
  package var inReplyTo: String?
  package var references: [String]
  package var text: String
  package var html: String
  /// A language tag such as "fr-CA".
  package var language: String?
  /// Other headers in their order, such as List-Unsubscribe; ASCII values.
  package var extraHeaders: [(name: String, value: String)] {
    get { extra.map { ($0.name, $0.value) } }
    set { extra = newValue.map { ExtraHeader(name: $0.name, value: $0.value) } }
  }
  private var extra: [ExtraHeader] = []

  package init(
    from: Mailbox, to: [Mailbox], cc: [Mailbox] = [], replyTo: Mailbox? = nil, subject: String,
    messageID: String, sentAtSeconds: Int64, inReplyTo: String? = nil, references: [String] = [],
    text: String, html: String, language: String? = nil,
    extraHeaders: [(name: String, value: String)] = []
  ) {
    self.from = from
    self.to = to
    self.cc = cc
    self.replyTo = replyTo
    self.subject = subject
    self.messageID = messageID
    self.sentAtSeconds = sentAtSeconds
    self.inReplyTo = inReplyTo
    self.references = references
    self.text = text
    self.html = html
    self.language = language
    self.extraHeaders = extraHeaders
  }

  private struct ExtraHeader: Equatable, Sendable {
    var name: String
    var value: String
  }
}

extension MIMEMessage {
  /// The message for the wire: CRLF line ends only, pure ASCII, no line over 76 columns but for a
  /// single unbreakable word of a header. Throws for any value that could change the structure.
  package func bytes() throws(MailFailure) -> [UInt8] {
    guard !text.utf8.contains(0), !html.utf8.contains(0) else { throw .unusableBody }
    var header = HeaderBlock()
    try header.add("From", [from])
    // A message to blind copies only still names a group, as RFC 5322 section 3.4 shows.
    if to.isEmpty, cc.isEmpty { header.addWords("To", ["undisclosed-recipients:;"]) }
    if !to.isEmpty { try header.add("To", to) }
    if !cc.isEmpty { try header.add("Cc", cc) }
    if let replyTo { try header.add("Reply-To", [replyTo]) }
    try header.add("Subject", text: subject)
    header.addWords("Date", [CalendarDate.rfc5322(sentAtSeconds)])
    try header.add("Message-ID", identifiers: [messageID])
    if let inReplyTo { try header.add("In-Reply-To", identifiers: [inReplyTo]) }
    if !references.isEmpty { try header.add("References", identifiers: references) }
    for extra in extra { try header.add(extra: extra.name, extra.value) }
    if let language { try header.add(extra: "Content-Language", language) }
    header.addWords("MIME-Version", ["1.0"])
    header.addWords("Content-Type", ["multipart/alternative;", "boundary=\"\(boundary)\""])
    return header.bytes + crlf + part("text/plain", text) + part("text/html", html)
      + Array("--\(boundary)--\r\n".utf8)
  }

  /// From the Message-ID, by FNV-1a. "=_" cannot occur in quoted-printable or base64 text, so no
  /// body can contain it.
  private var boundary: String {
    let hash = messageID.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    return "=_" + String(hash, radix: 36)
  }

  private func part(_ type: String, _ content: String) -> [UInt8] {
    let lines = QuotedPrintable.lines(of: content).map { line in
      Array(String(String.UnicodeScalarView(line)).utf8) + crlf
    }
    let plain = Array(lines.joined())
    let quoted = QuotedPrintable.encode(content)
    let isQuoted = quoted.count <= plain.count * 4 / 3
    let heading = """
      --\(boundary)\r
      Content-Type: \(type); charset=utf-8\r
      Content-Transfer-Encoding: \(isQuoted ? "quoted-printable" : "base64")\r
      \r

      """
    return Array(heading.utf8) + (isQuoted ? quoted : Base64Text.lines(plain)) + crlf
  }

  private var crlf: [UInt8] { [0x0D, 0x0A] }
}

/// Days and weekdays of the proleptic Gregorian calendar, in UTC.
enum CalendarDate {
  /// "Sat, 21 Nov 2026 03:47:00 +0000"
  static func rfc5322(_ unixSeconds: Int64) -> String {
    let days = Int(unixSeconds.floorDivided(by: 86_400))
    let second = Int(unixSeconds) - days * 86_400
    let (year, month, day) = civil(days)
    let time = [second / 3600, second / 60 % 60, second % 60].map(twoDigits).joined(separator: ":")
    // Day 0, 1 January 1970, was a Thursday.
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(days % 7 + 7) % 7]
    return "\(weekday), \(twoDigits(day)) \(months[month - 1]) \(fourDigits(year)) \(time) +0000"
  }

  /// Howard Hinnant's `civil_from_days`.
  private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = Int(Int64(shifted).floorDivided(by: 146_097))
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static func twoDigits(_ number: Int) -> String {
    number < 10 ? "0\(number)" : "\(number)"
  }
  private static func fourDigits(_ year: Int) -> String {
    String(repeating: "0", count: max(0, 4 - "\(year)".utf8.count)) + "\(year)"
  }
}

extension Int64 {
  fileprivate func floorDivided(by divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}
