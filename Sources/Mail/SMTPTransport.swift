import CCurl
import CShims
import Glibc

/// What became of one attempt to hand a message to a mail server.
package enum SMTPOutcome: Equatable, Sendable {
  /// The server took it; `reply` is its last answer, mostly with a queue id.
  case accepted(reply: String)
  /// The server said no, at any stage; it does not have the message. `isPermanent` is about this
  /// message (5xx to an address or to the text): a refused sign-in or connection may be mended.
  case refused(code: Int, reply: String, isPermanent: Bool)
  /// It never reached the server whole: safe to try again.
  case notSent(reason: String)
  /// `beforeCommit` said no; the server saw no end of the message and drops it.
  case aborted
  /// The last bytes left and no clear answer came: it may or may not have arrived.
  case uncertain(reason: String)
}

/// Limits of one attempt, in seconds.
package struct SMTPTimeouts: Equatable, Sendable {
  package var connect: Int
  /// For each answer of the server. Mail standards grant ten minutes for the one that counts
  /// (RFC 5321, section 4.5.3.2.6); giving up earlier makes doubt where there was none.
  package var response: Int
  package var total: Int

  package init(connect: Int = 15, response: Int = 600, total: Int = 660) {
    self.connect = connect
    self.response = response
    self.total = total
  }
}

/// Submits messages to one mail server, each over a connection of its own; usable from any thread.
package struct SMTPTransport: Sendable {
  let url: String
  let username: String?
  let password: String?
  let requiresTLS: Bool
  let authorityFile: String?
  let timeouts: SMTPTimeouts

  /// `url` is `smtp://host:port`, with STARTTLS when `requireTLS`, or `smtps://host:port`. Without
  /// TLS no credentials are taken. `authorityFile` holds the certificates (PEM) to trust in place of
  /// the system's.
  package init(
    url: String, username: String? = nil, password: String? = nil, requireTLS: Bool,
    authorityFile: String? = nil, timeouts: SMTPTimeouts = SMTPTimeouts()
  ) throws(MailFailure) {
    try Self.checkURL(url)
    for value in [username, password, authorityFile] where value?.utf8.contains(0) == true {
      throw .controlByte(field: "transport")
    }
    let isSecure = requireTLS || url.utf8.starts(with: "smtps".utf8)
    if (username != nil || password != nil) && !isSecure {
      throw .unusableTransport(reason: "a password needs TLS")
    }
    self.url = url
    self.username = username
    self.password = password
    self.requiresTLS = requireTLS
    self.authorityFile = authorityFile
    self.timeouts = timeouts
  }

  /// Hands `message` over and waits for the answer.
  ///
  /// `beforeCommit` is called at most once, just before the last bytes of the message; when it says
  /// false the server never sees the end. Make the promise durable there. One refused recipient
  /// refuses the whole message. Blocks; throws only before the network is touched.
  package func send(
    message: [UInt8], envelopeFrom: String, recipients: [String], beforeCommit: () -> Bool
  ) throws(MailFailure) -> SMTPOutcome {
    if recipients.isEmpty { throw .noRecipients }
    try Grammar.checkAddress(envelopeFrom, field: "envelope sender")
    for recipient in recipients { try Grammar.checkAddress(recipient, field: "recipient") }
    try Self.checkWireBytes(message)
    return withoutActuallyEscaping(beforeCommit) { beforeCommit in
      let submission = Submission(message: message, beforeCommit: beforeCommit)
      return submission.run(self, envelopeFrom: envelopeFrom, recipients: recipients)
    }
  }

  private static func checkURL(_ url: String) throws(MailFailure) {
    let schemes = ["smtp://", "smtps://"]
    guard let scheme = schemes.first(where: { url.utf8.starts(with: $0.utf8) }) else {
      throw .unusableTransport(reason: "the URL must begin with smtp:// or smtps://")
    }
    let authority = url.utf8.dropFirst(scheme.utf8.count)
    let isAuthority = authority.allSatisfy {
      Grammar.isAlphanumeric($0) || Array(".-:[]".utf8).contains($0)
    }
    if authority.isEmpty || !isAuthority {
      throw .unusableTransport(reason: "after the scheme only host:port may stand")
    }
  }

  /// A bare CR or LF is how one message is smuggled inside another (CVE-2023-51764).
  private static func checkWireBytes(_ message: [UInt8]) throws(MailFailure) {
    var lineLength = 0
    var previous: UInt8 = 0
    for byte in message {
      let endsLine = byte == 0x0A
      if byte == 0 || endsLine != (previous == 0x0D) || lineLength > 999 { throw .unusableBody }
      lineLength = endsLine ? 0 : lineLength + 1
      previous = byte
    }
    if previous != 0x0A { throw .unusableBody }
  }
}
