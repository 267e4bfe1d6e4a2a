import CRM
import Templating

/// The message as its recipients will see it; on the draft's page, in the editor's preview and on
/// the review card the same one.
struct Letter: Templated {
  let from: String
  let to: [AddressLine]
  let cc: [AddressLine]
  let bcc: [AddressLine]
  let subject: String
  let html: HTML
  let text: String

  struct AddressLine: Templated {
    let address: String
    static let keys = Keys<AddressLine>().text("address", \.address)
  }

  init(_ content: EmailContent) {
    let manifest = content.manifest
    from = Self.mailbox(manifest.senderName, manifest.senderAddress)
    to = Self.lines(manifest, .to)
    cc = Self.lines(manifest, .cc)
    bcc = Self.lines(manifest, .bcc)
    subject = manifest.subject
    // From Markdown in safe mode: the writer of CRM lets only its own tags through.
    html = HTML(safe: content.preview)
    text = content.text
  }

  /// What the draft says now: its fixed content, or on the desk what it would be.
  init(_ draft: Draft, recipients: [Recipient], sender: Sender) throws {
    let fixed = draft.manifest.flatMap(Manifest.decode)
    let manifest =
      fixed
      ?? Manifest(
        type: draft.type, senderName: sender.name, senderAddress: sender.address,
        recipients: recipients, subject: draft.subject, bodyMarkdown: draft.contentMarkdown)
    self.init(try EmailContent(manifest))
  }

  /// A name with signs that could pass for another address stands in quotes, as in the mail's header.
  static func mailbox(_ name: String, _ address: String) -> String {
    guard !name.isEmpty else { return address }
    let isOdd = name.utf8.contains { "<>@,;:\"\\()[]".utf8.contains($0) }
    guard isOdd else { return "\(name) <\(address)>" }
    var quoted: [UInt8] = []
    for byte in name.utf8 {
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        quoted.append(UInt8(ascii: "\\"))
      }
      quoted.append(byte)
    }
    return "\"\(String(decoding: quoted, as: UTF8.self))\" <\(address)>"
  }

  static func lines(_ manifest: Manifest, _ kind: Recipient.Kind) -> [AddressLine] {
    manifest.recipients.filter { $0.kind == kind }
      .map { AddressLine(address: mailbox($0.name, $0.address)) }
  }

  static let keys = Keys<Letter>()
    .text("message_from", \.from).list("message_to", \.to)
    .flag("no_recipients") { $0.to.isEmpty }
    .flag("has_cc") { !$0.cc.isEmpty }.list("message_cc", \.cc)
    .flag("has_bcc") { !$0.bcc.isEmpty }.list("message_bcc", \.bcc)
    .text("message_subject", \.subject).html("message_html", \.html).text("message_text", \.text)
}
