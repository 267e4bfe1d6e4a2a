import Mail
import Testing

@Suite struct `Text that tries to become a header or a command` {
  static let poison = [
    "x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com", "x\rBcc: evil@example.com",
    "x\u{0}y", "x\r\n\r\nbody", "\r\n.\r\nMAIL FROM:<evil@example.com>", "x\u{7F}", "x\u{85}y",
    "x\u{1B}[2J", "x\t y", "\u{301}\n", "x\u{C}y",
  ]

  @Test(arguments: poison) func `is refused in every header of text`(text: String) {
    #expect(throws: MailFailure.controlByte(field: "Subject")) {
      try Letter(subject: text).bytes()
    }
    #expect(throws: MailFailure.controlByte(field: "From")) {
      try Letter(from: Mailbox(name: text, address: "a@b.example")).bytes()
    }
    #expect(throws: MailFailure.controlByte(field: "To")) {
      try Letter(to: [Mailbox(name: text, address: "a@b.example")]).bytes()
    }
    #expect(throws: MailFailure.controlByte(field: "X-Note")) {
      try Letter(extraHeaders: [("X-Note", text)]).bytes()
    }
    #expect(throws: MailFailure.self) { try Letter(extraHeaders: [(text, "x")]).bytes() }
    #expect(throws: MailFailure.controlByte(field: "Content-Language")) {
      try Letter(language: text).bytes()
    }
  }

  @Test(arguments: poison) func `is refused in every address and id`(text: String) throws {
    for address in [text, text + "@example.com", "a@" + text, "<a@example.com>" + text] {
      #expect(throws: MailFailure.self) {
        try Letter(to: [Mailbox(address: address)]).bytes()
      }
      #expect(throws: MailFailure.self) { try Self.submit(from: address) }
      #expect(throws: MailFailure.self) { try Self.submit(to: ["a@example.com", address]) }
    }
    for id in [text, "<\(text)@x>", "<x@\(text)>"] {
      #expect(throws: MailFailure.self) { try Letter(messageID: id).bytes() }
      #expect(throws: MailFailure.self) { try Letter(inReplyTo: id).bytes() }
      #expect(throws: MailFailure.self) { try Letter(references: ["<a@b>", id]).bytes() }
    }
  }

  @Test(arguments: [
    "", "a", "@", "a@", "@b", "a@b@c", "a b@c", "<a@b>", "\"a b\"@c", "a@b>", "a,b@c", "a@b c",
    "a@[127.0.0.1]", "a@b> SIZE=1", "é@example.com", "a@exämple.com", ".a@b", "a.@b", "a..b@c",
    "a@b..c", "a;b@c", "a(b)@c", String(repeating: "a", count: 65) + "@b.example",
  ])
  func `no address beyond the plain grammar is taken`(address: String) {
    #expect(throws: MailFailure.unusableAddress(field: "To")) {
      try Letter(to: [Mailbox(address: address)]).bytes()
    }
    #expect(throws: MailFailure.unusableAddress(field: "recipient")) {
      try Self.submit(to: [address])
    }
  }

  @Test(arguments: ["x@y", "<x>", "<@>", "<x@y", "<x@y>>", "<x y@z>", "<x@y> <z@w>", "<é@y>", ""])
  func `no id beyond the plain grammar is taken`(id: String) {
    #expect(throws: MailFailure.unusableMessageID(field: "Message-ID")) {
      try Letter(messageID: id).bytes()
    }
  }

  @Test(arguments: [
    "From", "BCC", "bcc", "Content-Type", "Auto-Submitted", "X Y", "X:", "", "É", "Received",
  ])
  func `headers that the message owns cannot be added`(name: String) {
    #expect(throws: MailFailure.unusableHeader(field: name)) {
      try Letter(extraHeaders: [(name, "x")]).bytes()
    }
  }

  @Test(arguments: [
    "Subject: x\n\nbody\r\n", "Subject: x\r\n\r\nbody\n.\r\n", "Subject: x\r\n\r\nbody\r.\r\n",
    "Subject: x\r\n\r\na\u{0}b\r\n", "Subject: x\r\n\r\nno end", "",
    "x: " + String(repeating: "y", count: 999) + "\r\n",
  ])
  func `bytes that two servers could read differently are not sent`(message: String) {
    #expect(throws: MailFailure.unusableBody) { try Self.submit(message: Array(message.utf8)) }
  }

  @Test func `a NUL in a body and an empty envelope are refused`() {
    #expect(throws: MailFailure.unusableBody) { try Letter(text: "a\u{0}b").bytes() }
    #expect(throws: MailFailure.unusableBody) { try Letter(html: "a\u{0}b").bytes() }
    #expect(throws: MailFailure.noRecipients) { try Self.submit(to: []) }
  }

  /// To a port where nobody listens: what is refused is refused before the network.
  @discardableResult private static func submit(
    message: [UInt8] = Array("Subject: x\r\n\r\nbody\r\n".utf8), from: String = "a@b.example",
    to recipients: [String] = ["c@d.example"]
  ) throws -> SMTPOutcome {
    try SMTPTransport(url: "smtp://127.0.0.1:1", requireTLS: false).send(
      message: message, envelopeFrom: from, recipients: recipients, beforeCommit: { true })
  }
}
