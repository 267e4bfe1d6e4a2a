import Postgres

/// The exact content a reviewer approves and the worker sends: who it is from, who it goes to, what
/// it says. Its SHA-256 is the draft's content hash.
///
/// The bytes are canonical: a fixed order of netstrings (`length:bytes,`, D. J. Bernstein 1997), so
/// no two contents have the same bytes and no field can run into the next. `decode` accepts nothing
/// that `encoded` would not write.
package struct Manifest: Equatable, Sendable {
  package let type: Draft.Kind
  package let senderName: String
  package let senderAddress: String
  package let recipients: [Recipient]
  package let subject: String
  package let bodyMarkdown: String

  package init(
    type: Draft.Kind, senderName: String, senderAddress: String, recipients: [Recipient],
    subject: String, bodyMarkdown: String
  ) {
    self.type = type
    self.senderName = senderName
    self.senderAddress = senderAddress
    self.recipients = recipients
    self.subject = subject
    self.bodyMarkdown = bodyMarkdown
  }

  private static let format = "closerflow-manifest/1"

  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    func add(_ field: String) {
      bytes += "\(field.utf8.count):".utf8
      bytes += field.utf8
      bytes.append(UInt8(ascii: ","))
    }
    for field in [Self.format, type.rawValue, senderName, senderAddress, subject, bodyMarkdown] {
      add(field)
    }
    add(String(recipients.count))
    for recipient in recipients {
      for field in [
        recipient.kind.rawValue, recipient.contact.description, recipient.address, recipient.name,
      ] {
        add(field)
      }
    }
    return bytes
  }

  /// Nil for anything but a manifest's own canonical bytes.
  package static func decode(_ bytes: [UInt8]) -> Manifest? {
    var reader = NetstringReader(bytes)
    guard reader.next() == format, let type = reader.next().flatMap(Draft.Kind.init),
      let senderName = reader.next(), let senderAddress = reader.next(),
      let subject = reader.next(), let body = reader.next(),
      let count = reader.next().flatMap({ Int($0) }), (0...1_000).contains(count)
    else { return nil }
    var recipients: [Recipient] = []
    for _ in 0..<count {
      guard let kind = reader.next().flatMap(Recipient.Kind.init),
        let contact = reader.next().flatMap({ ID<Contact>($0) }), let address = reader.next(),
        let name = reader.next()
      else { return nil }
      recipients.append(Recipient(contact: contact, kind: kind, address: address, name: name))
    }
    let manifest = Manifest(
      type: type, senderName: senderName, senderAddress: senderAddress, recipients: recipients,
      subject: subject, bodyMarkdown: body)
    return manifest.encoded == bytes ? manifest : nil
  }
}

private struct NetstringReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func next() -> String? {
    guard let colon = rest.prefix(9).firstIndex(of: UInt8(ascii: ":")),
      let length = Int(String(decoding: rest[..<colon], as: UTF8.self)), length >= 0,
      rest.endIndex - colon > length + 1
    else { return nil }
    let start = colon + 1
    let end = start + length
    guard rest[end] == UInt8(ascii: ",") else { return nil }
    defer { rest = rest[(end + 1)...] }
    return String(validating: rest[start..<end], as: UTF8.self)
  }
}
