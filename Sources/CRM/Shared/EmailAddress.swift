import Postgres

/// An address mail can go to: lower-case, as the database's `app.email` wants it.
///
/// A strict subset of RFC 5321: a dot-atom local part of ASCII, a host name with at least one dot,
/// 254 bytes at most. Quoted local parts and comments are refused on purpose: nobody types them,
/// and they have smuggled recipients before.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init?(_ typed: String) {
    let bytes = typed.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }
    guard bytes.count <= 254, let at = bytes.firstIndex(of: UInt8(ascii: "@")) else { return nil }
    let local = bytes[..<at]
    let host = bytes[(at + 1)...]
    let atoms = local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard local.count <= 64, atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isAtom) }),
      Self.isHost(host)
    else { return nil }
    text = String(decoding: bytes, as: UTF8.self)
  }

  package var description: String { text }

  private static func isAtom(_ byte: UInt8) -> Bool {
    isAlphanumeric(byte) || "!#$%&'*+/=?^_`{|}~-".utf8.contains(byte)
  }

  private static func isHost(_ host: ArraySlice<UInt8>) -> Bool {
    let labels = host.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return labels.count >= 2
      && labels.allSatisfy { label in
        (1...63).contains(label.count)
          && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
          && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
      }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (48...57).contains(byte)
  }
}

extension EmailAddress: SQLValue {
  package var bind: Bind { .text(text) }
}
