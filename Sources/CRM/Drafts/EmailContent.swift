import Mail
import Markdown

/// A manifest as the recipient sees it. The preview and the worker use this one value, so what was
/// looked at is what is sent.
package struct EmailContent: Sendable {
  package let manifest: Manifest
  /// The body as HTML, from Markdown in safe mode; no document around it.
  package let html: String
  package let text: String
  /// The same body for a page of ours: beside each link stands where it leads.
  package let preview: String

  package init(_ manifest: Manifest) throws {
    self.manifest = manifest
    let document = try Document(parsing: manifest.bodyMarkdown)
    html = try document.html(for: .mail)
    text = try document.plainText()
    preview = try document.html(for: .page)
  }

  /// The message for the wire. `messageID` is `<left@right>` and the same on every try.
  package func message(messageID: String, sentAt: Timestamp) -> MIMEMessage {
    MIMEMessage(
      from: Mailbox(name: manifest.senderName, address: manifest.senderAddress),
      to: mailboxes(.to), cc: mailboxes(.cc), subject: manifest.subject, messageID: messageID,
      sentAtSeconds: sentAt.seconds, text: text,
      html:
        "<!doctype html>\n<html><head><meta charset=\"utf-8\"></head><body>\n\(html)</body></html>\n"
    )
  }

  /// Everybody it goes to, blind copies too: the envelope.
  package var envelope: [String] { manifest.recipients.map(\.address) }

  private func mailboxes(_ kind: Recipient.Kind) -> [Mailbox] {
    manifest.recipients.filter { $0.kind == kind }
      .map { Mailbox(name: $0.name, address: $0.address) }
  }
}
