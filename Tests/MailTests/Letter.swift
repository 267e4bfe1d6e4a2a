import Mail

/// The letter that most tests send.
struct Letter {
  static let messageID = "<d-019a@acme.example>"

  var from = Mailbox(name: "Ada Lovelace", address: "ada@acme.example")
  var to = [Mailbox(name: "Bob", address: "bob@example.com")]
  var cc = [Mailbox]()
  var subject = "Our call on Tuesday"
  var messageID = Letter.messageID
  var inReplyTo: String?
  var references = [String]()
  var text = "Dear Bob,\n\nthank you.\n"
  var html = "<p>Dear Bob,</p>\n<p>thank you.</p>\n"
  var language: String?
  var extraHeaders = [(name: String, value: String)]()

  func bytes() throws -> [UInt8] {
    try MIMEMessage(
      from: from, to: to, cc: cc, subject: subject, messageID: messageID,
      sentAtSeconds: 1_795_232_820, inReplyTo: inReplyTo, references: references, text: text,
      html: html, language: language, extraHeaders: extraHeaders
    ).bytes()
  }

  /// A message of exactly `length` bytes, for the wire only.
  static func raw(_ length: Int) -> [UInt8] {
    let head = Array("Message-ID: \(messageID)\r\n\r\n".utf8)
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 70) + [0x0D, 0x0A]
    var bytes = head
    bytes.reserveCapacity(length)
    while bytes.count + line.count + 2 <= length { bytes += line }
    let rest = max(0, length - bytes.count - 2)
    return bytes + [UInt8](repeating: UInt8(ascii: "y"), count: rest) + [0x0D, 0x0A]
  }
}

extension MailSink {
  func transport(response: Int = 20) throws -> SMTPTransport {
    try SMTPTransport.plain(port, response: response)
  }
}

extension ScriptedServer {
  func transport(response: Int = 20) throws -> SMTPTransport {
    try SMTPTransport.plain(port, response: response)
  }
}

extension SMTPTransport {
  static func plain(_ port: Int, response: Int, total: Int = 60) throws -> SMTPTransport {
    try SMTPTransport(
      url: "smtp://127.0.0.1:\(port)", requireTLS: false,
      timeouts: SMTPTimeouts(connect: 5, response: response, total: total))
  }

  func submit(
    _ message: [UInt8], to recipients: [String], beforeCommit: () -> Bool = { true }
  ) throws -> SMTPOutcome {
    try send(
      message: message, envelopeFrom: "bounce@acme.example", recipients: recipients,
      beforeCommit: beforeCommit)
  }
}

extension SMTPOutcome {
  var isAccepted: Bool { if case .accepted = self { true } else { false } }
  var isNotSent: Bool { if case .notSent = self { true } else { false } }
  var isUncertain: Bool { if case .uncertain = self { true } else { false } }
  func isRefusal(_ code: Int, isPermanent: Bool) -> Bool {
    if case .refused(code, _, isPermanent) = self { true } else { false }
  }
}
