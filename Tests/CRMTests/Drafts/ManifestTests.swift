import Testing

@testable import CRM

@Suite struct `A manifest` {
  private let manifest = Manifest(
    type: .followupEmail, senderName: "Ada, \"Desk\"", senderAddress: "desk@acme.example",
    recipients: [
      Recipient(contact: ID(), kind: .to, address: "a@example.com", name: "Zoë 5:x,"),
      Recipient(contact: ID(), kind: .bcc, address: "b@example.com", name: ""),
    ],
    subject: "3:abc,", bodyMarkdown: "Line one\n\n2:zz, and **more** 🙂")

  @Test func `is read back from its bytes`() {
    #expect(Manifest.decode(manifest.encoded) == manifest)
  }

  @Test func `is refused when any byte is missing, doubled or changed`() {
    let bytes = manifest.encoded
    for index in bytes.indices {
      var shorter = bytes
      shorter.remove(at: index)
      var changed = bytes
      changed[index] ^= 0x01
      #expect(Manifest.decode(shorter) != manifest)
      #expect(Manifest.decode(changed) != manifest)
    }
    #expect(Manifest.decode(bytes + [0]) == nil)
    #expect(Manifest.decode([]) == nil)
  }

  @Test func `has other bytes for text that moved from one field to the next`() {
    func encoded(_ subject: String, _ body: String) -> [UInt8] {
      Manifest(
        type: .followupEmail, senderName: "", senderAddress: "a@b.example", recipients: [],
        subject: subject, bodyMarkdown: body
      ).encoded
    }

    #expect(encoded("ab", "c") != encoded("a", "bc"))
    #expect(encoded("", "1:a,") != encoded("1:a,", ""))
  }

  @Test func `has one spelling only`() {
    let text = String(decoding: manifest.encoded, as: UTF8.self)
    let padded = text.replacing("6:3:abc,,", with: "06:3:abc,,")

    #expect(padded != text)
    #expect(Manifest.decode(Array(padded.utf8)) == nil)
  }
}
