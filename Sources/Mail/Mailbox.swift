/// A person or role that mail goes to or comes from: an ASCII address and a name to show.
package struct Mailbox: Equatable, Sendable {
  package var name: String
  package var address: String

  package init(name: String = "", address: String) {
    self.name = name
    self.address = address
  }
}

/// Why a message or an envelope was not built. Nothing has left when one of these is thrown.
package enum MailFailure: Error, Equatable, Sendable {
  /// A line end, NUL or other control in a value that becomes a header or a command.
  case controlByte(field: String)
  /// Not ASCII, not `local@domain`, or with spaces, brackets or quotes.
  case unusableAddress(field: String)
  /// Not `<left@right>` in printable ASCII.
  case unusableMessageID(field: String)
  /// Not a header name, one that the message writes itself, or a value that is not ASCII.
  case unusableHeader(field: String)
  /// A body with a NUL, or bytes for the wire with a bare line end or a line over 998 bytes.
  case unusableBody
  case noRecipients
  /// The transport's URL, or credentials that would cross the network in clear.
  case unusableTransport(reason: String)
}

/// The grammar that every value passes before it becomes a header or a command, on bytes.
enum Grammar {
  /// Text for a header: no C0, DEL or C1 control.
  static func checkText(_ text: String, field: String) throws(MailFailure) {
    let hasControl = text.unicodeScalars.contains { scalar in
      scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }
    if hasControl { throw .controlByte(field: field) }
  }

  /// `local@domain`, dot-atoms only: what cannot be mistaken for syntax in a header or a command.
  static func checkAddress(_ address: String, field: String) throws(MailFailure) {
    try checkText(address, field: field)
    let sides = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
    guard sides.count == 2, address.utf8.count <= 254, (1...64).contains(sides[0].count),
      sides[0].allSatisfy({ isAlphanumeric($0) || localSigns.contains($0) }),
      !sides[1].isEmpty, sides[1].allSatisfy({ isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E }),
      sides.allSatisfy({ hasNoEmptyAtom($0) })
    else { throw .unusableAddress(field: field) }
  }

  /// `<left@right>`: printable ASCII, no space, bracket or comma inside.
  static func checkMessageID(_ id: String, field: String) throws(MailFailure) {
    try checkText(id, field: field)
    let inner = id.utf8.dropFirst().dropLast()
    guard id.utf8.first == UInt8(ascii: "<"), id.utf8.last == UInt8(ascii: ">"),
      id.utf8.count <= 250,
      inner.allSatisfy({ (0x21...0x7E).contains($0) && !Array("<>(),\\\"".utf8).contains($0) }),
      inner.count(where: { $0 == UInt8(ascii: "@") }) == 1,
      inner.first != UInt8(ascii: "@"), inner.last != UInt8(ascii: "@")
    else { throw .unusableMessageID(field: field) }
  }

  static func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }

  private static let localSigns = Array(".!#$%&'*+-/=?^_`{|}~".utf8)

  private static func hasNoEmptyAtom(_ side: Substring.UTF8View) -> Bool {
    side.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty }
  }
}
