import Foundation
import Mail
import Testing

@Suite struct `Keeping the way to the server private` {
  @Test(arguments: ["starttls", "smtps"])
  func `with TLS and the right password the message arrives`(mode: String) throws {
    let certificate = try Certificate()
    let sink = try MailSink(
      "--tls", mode, "--cert", certificate.file, "--auth", "crm:a long secret")

    let outcome = try SMTPTransport(
      url: "\(mode == "smtps" ? "smtps" : "smtp")://127.0.0.1:\(sink.port)", username: "crm",
      password: "a long secret", requireTLS: true, authorityFile: certificate.file
    ).submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isAccepted)
    #expect(try sink.fileCount == 1)
  }

  @Test func `a wrong password is a refusal that can be mended`() throws {
    let certificate = try Certificate()
    let sink = try MailSink(
      "--tls", "starttls", "--cert", certificate.file, "--auth", "crm:a long secret")

    let outcome = try SMTPTransport(
      url: "smtp://127.0.0.1:\(sink.port)", username: "crm", password: "another",
      requireTLS: true, authorityFile: certificate.file
    ).submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isRefusal(535, isPermanent: false))
  }

  @Test(arguments: ["starttls", "smtps"])
  func `a certificate that nobody vouches for stops before a word is said`(mode: String) throws {
    let certificate = try Certificate()
    let sink = try MailSink("--tls", mode, "--cert", certificate.file)

    let outcome = try SMTPTransport(
      url: "\(mode == "smtps" ? "smtps" : "smtp")://127.0.0.1:\(sink.port)", requireTLS: true
    ).submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isNotSent)
    #expect(try sink.fileCount == 0)
  }

  @Test func `a server without TLS gets nothing when TLS is required`() throws {
    let server = try ScriptedServer([:])

    let outcome = try SMTPTransport(url: "smtp://127.0.0.1:\(server.port)", requireTLS: true)
      .submit(try Letter().bytes(), to: ["ada@example.com"])

    #expect(outcome.isNotSent)
    #expect(!server.received.contains("MAIL"))
  }

  @Test func `a password never goes over a line in clear`() {
    #expect(throws: MailFailure.unusableTransport(reason: "a password needs TLS")) {
      try SMTPTransport(
        url: "smtp://127.0.0.1:25", username: "crm", password: "secret", requireTLS: false)
    }
  }

  @Test(arguments: [
    "", "http://host:25", "smtp://", "smtp://user:word@host", "smtp://host/path", "SMTP://host",
    "smtp://host\r\n", "smtp://host:25?x=1", "smtp://höst", "file:///etc/passwd",
  ])
  func `only a plain address of a mail server is taken`(url: String) {
    #expect(throws: MailFailure.self) { try SMTPTransport(url: url, requireTLS: false) }
  }
}

/// A certificate for 127.0.0.1 that signs itself, with its key, in one file.
private final class Certificate {
  let file: String

  init() throws {
    file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).pem").path
    let openssl = try ChildProcess(
      ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        + ["-nodes", "-days", "2", "-subj", "/CN=sink", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", file + ".key", "-out", file])
    #expect(openssl.wait() == 0)
    let key = try Data(contentsOf: URL(filePath: file + ".key"))
    let certificate = try Data(contentsOf: URL(filePath: file))
    try (certificate + key).write(to: URL(filePath: file))
  }

  deinit {
    // Both lie in the temporary directory: what cannot be removed goes with it.
    try? FileManager.default.removeItem(atPath: file)
    try? FileManager.default.removeItem(atPath: file + ".key")
  }
}
