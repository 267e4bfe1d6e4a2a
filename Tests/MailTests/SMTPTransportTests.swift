import Foundation
import Mail
import Testing

@Suite struct `Handing a message to a mail server` {
  @Test func `an accepted message arrives byte for byte, at all its recipients`() throws {
    let sink = try MailSink()
    let letter = try Letter().bytes()

    let outcome = try sink.transport().submit(
      letter, to: ["ada@example.com", "cc@example.com", "hidden@example.com"])

    guard case .accepted(let reply) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(reply.contains("250 2.0.0 Ok: queued as "))
    #expect(try sink.messages == [letter])
    #expect(
      try sink.journal.map(\.recipients)
        == [["ada@example.com", "cc@example.com", "hidden@example.com"]])
    #expect(try sink.journal.map(\.messageId) == [Letter.messageID])
    #expect(!String(decoding: letter, as: UTF8.self).contains("hidden@"))
  }

  @Test(arguments: [
    ("ada+reject@example.com", 550, true), ("ada+tempfail@example.com", 451, false),
    ("ada+permdata@example.com", 554, true), ("ada+tempdata@example.com", 451, false),
  ])
  func `a refusal is told with its code, at an address and after the text alike`(
    address: String, code: Int, isPermanent: Bool
  ) throws {
    let sink = try MailSink()

    let outcome = try sink.transport().submit(try Letter().bytes(), to: [address])

    guard case .refused(code, let reply, isPermanent) = outcome else {
      Issue.record("\(outcome)")
      return
    }
    #expect(reply.hasPrefix("\(code) "))
    #expect(try sink.fileCount == 0)
  }

  @Test func `one refused recipient refuses the message for all, before it is committed`() throws {
    let sink = try MailSink()
    var asked = 0

    let outcome = try sink.transport().submit(
      try Letter().bytes(), to: ["ada@example.com", "bob+reject@example.com"]
    ) {
      asked += 1
      return true
    }

    #expect(outcome.isRefusal(550, isPermanent: true))
    #expect(asked == 0)
    #expect(try sink.fileCount == 0)
  }

  @Test(arguments: [40, 60_000, 2_000_000])
  func `the question comes once, late, and a no leaves the message without its end`(
    length: Int
  ) throws {
    let server = try ScriptedServer([:])
    var asked = 0

    let outcome = try server.transport().submit(Letter.raw(length), to: ["ada@example.com"]) {
      asked += 1
      return false
    }

    #expect(outcome == .aborted)
    #expect(asked == 1)
    #expect(!server.received.contains("\r\n.\r\n"))
    #expect(!server.received.contains("QUIT"))
  }

  @Test func `a message that is not committed is dropped by a real server`() throws {
    let sink = try MailSink()

    let outcome = try sink.transport().submit(
      try Letter().bytes(), to: ["ada@example.com"], beforeCommit: { false })

    #expect(outcome == .aborted)
    #expect(try sink.transport().submit(try Letter().bytes(), to: ["b@example.com"]).isAccepted)
    #expect(try sink.journal.map(\.recipients) == [["b@example.com"]])
  }

  @Test(arguments: [40, 65_536, 65_537, 3_000_000])
  func `the question comes once whatever the length, and every byte arrives`(length: Int) throws {
    let sink = try MailSink()
    let message = Letter.raw(length)
    var asked = 0

    let outcome = try sink.transport().submit(message, to: ["ada@example.com"]) {
      asked += 1
      return true
    }

    #expect(outcome.isAccepted)
    #expect(asked == 1)
    #expect(try sink.messages == [message])
  }

  @Test func `lines that begin with dots arrive with just those dots`() throws {
    let sink = try MailSink()
    let message = Array("Message-ID: <x@y>\r\n\r\n.\r\n..\r\n.hidden\r\nend.\r\n.\r\n".utf8)

    let outcome = try sink.transport().submit(message, to: ["ada@example.com"])

    #expect(outcome.isAccepted)
    #expect(try sink.messages == [message])
  }

  @Test func `a connection cut before the answer leaves doubt, and the message did arrive`() throws
  {
    let sink = try MailSink()

    let outcome = try sink.transport().submit(
      try Letter().bytes(), to: ["ada+drop@example.com"])

    #expect(outcome.isUncertain)
    #expect(try sink.fileCount == 1)
  }

  @Test func `a connection cut inside a long text is no doubt: it was not sent`() throws {
    let sink = try MailSink()
    var asked = 0

    let outcome = try sink.transport().submit(
      Letter.raw(20_000_000), to: ["ada+dropearly@example.com"]
    ) {
      asked += 1
      return true
    }

    #expect(outcome.isNotSent)
    #expect(asked == 0)
    #expect(try sink.fileCount == 0)
  }

  @Test func `a connection lost after the promise but before the last bytes is no doubt`() throws {
    let server = try ScriptedServer(["body": .reset])
    var asked = 0

    let outcome = try server.transport().submit(Letter.raw(4_000), to: ["ada@example.com"]) {
      asked += 1
      usleep(500_000)  // the reset arrives meanwhile
      return true
    }

    #expect(outcome.isNotSent)
    #expect(asked == 1)
  }

  @Test(arguments: [("DATA", false), (".", true)])
  func `the whole attempt has an end, whatever the server does`(
    verb: String, isDoubt: Bool
  ) throws {
    let server = try ScriptedServer([verb: .fallSilent])

    let outcome = try SMTPTransport.plain(server.port, response: 60, total: 2)
      .submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(isDoubt ? outcome.isUncertain : outcome.isNotSent)
  }

  @Test func `an answer that comes too late leaves doubt`() throws {
    let sink = try MailSink("--delay-ms", "2500")

    let outcome = try sink.transport(response: 1).submit(
      try Letter().bytes(), to: ["ada+slow@example.com"])

    #expect(outcome.isUncertain)
    #expect(try sink.fileCount == 1)
  }

  @Test func `a slow answer in time is an answer`() throws {
    let sink = try MailSink("--delay-ms", "1200", "--random-delay-ms", "50")

    let outcome = try sink.transport(response: 10).submit(
      try Letter().bytes(), to: ["ada+slow@example.com"])

    #expect(outcome.isAccepted)
  }

  @Test func `where nobody listens nothing was sent`() throws {
    let sink = try MailSink()
    sink.stop()

    let outcome = try sink.transport().submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isNotSent)
  }

  @Test(arguments: ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
  func `silence before the text is not doubt`(verb: String) throws {
    let server = try ScriptedServer([verb: .fallSilent])

    let outcome = try server.transport(response: 1).submit(
      try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isNotSent)
  }

  @Test(arguments: ["connect", "EHLO", "MAIL", "RCPT", "DATA"])
  func `a reset before the text is not doubt`(verb: String) throws {
    let server = try ScriptedServer([verb: .reset])

    let outcome = try server.transport().submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isNotSent)
  }

  @Test(arguments: [ScriptedServer.Step.fallSilent, .reset, .say("250-half an"), .say("nonsense")])
  func `anything but an answer after the text is doubt`(step: ScriptedServer.Step) throws {
    let server = try ScriptedServer([".": step])

    let outcome = try server.transport(response: 1).submit(
      try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isUncertain)
  }

  @Test(
    arguments: [
      ("connect", "554 no service here", 554, false), ("connect", "421 busy", 421, false),
      ("MAIL", "530 sign in first", 530, false), ("MAIL", "552 too large", 552, true),
      ("RCPT", "452 too many", 452, false), ("DATA", "554 no", 554, true),
      (".", "550-5.7.1 looks\r\n550 5.7.1 like spam", 550, true), (".", "421 leaving", 421, false),
    ] as [(String, String, Int, Bool)])
  func `a refusal is for ever only when it is about this message`(
    verb: String, answer: String, code: Int, isPermanent: Bool
  ) throws {
    let server = try ScriptedServer([verb: .say(answer)])

    let outcome = try server.transport().submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isRefusal(code, isPermanent: isPermanent))
  }

  @Test func `an answer of several lines is told whole`() throws {
    let server = try ScriptedServer([".": .say("550-5.7.1 looks\r\n550 5.7.1 like spam")])

    let outcome = try server.transport().submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(
      outcome
        == .refused(code: 550, reply: "550 5.7.1 looks 5.7.1 like spam", isPermanent: true))
  }

  @Test(arguments: [(".", "250 2.0.0 queued as 42"), ("RCPT", "550 no such user")])
  func `a server that does not say goodbye does not hold up what is known`(
    verb: String, answer: String
  ) throws {
    let server = try ScriptedServer([verb: .say(answer), "QUIT": .fallSilent])
    let clock = ContinuousClock()

    let waited = try clock.measure {
      let outcome = try server.transport().submit(try Letter().bytes(), to: ["ada@example.com"])
      #expect(outcome.isAccepted || outcome.isRefusal(550, isPermanent: true))
    }

    #expect(waited < .seconds(12))
  }

  @Test func `the sink ends cleanly on TERM and INT`() throws {
    #expect(try MailSink().stop(with: SIGTERM) == 0)
    #expect(try MailSink().stop(with: SIGINT) == 0)
  }
}
