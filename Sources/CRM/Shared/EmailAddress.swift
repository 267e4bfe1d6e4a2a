import CShims
import Postgres

/// An address mail can go to: in lower case, its host in ASCII, as the database's `app.email` wants it.
///
/// A strict subset of RFC 5321: a dot-atom local part of ASCII, a host name with at least one dot,
/// 254 bytes at most. A host in another script becomes what the world's name servers know it by
/// (`bücher.example`, `xn--bcher-kva.example`). Quoted local parts and comments are refused on purpose:
/// nobody types them, and they have smuggled recipients before.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  package init?(_ typed: String) {
    let typed = Array(typed.utf8)
    guard typed.count <= 1_000, let at = typed.firstIndex(of: UInt8(ascii: "@")) else { return nil }
    let local = typed[..<at].map(Self.lowerCase)
    let atoms = local.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard (1...64).contains(local.count),
      atoms.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isAtom) }),
      let host = Self.asciiHost(typed[(at + 1)...]), Self.isHost(host[...]),
      local.count + 1 + host.count <= 254
    else { return nil }
    text = String(decoding: local + [UInt8(ascii: "@")] + host, as: UTF8.self)
  }

  private static func asciiHost(_ host: ArraySlice<UInt8>) -> [UInt8]? {
    if host.allSatisfy({ $0 < 0x80 }) { return host.map(lowerCase) }
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CF_HOST_BYTES)) { ascii in
      guard let start = ascii.baseAddress else { return nil }
      let isRead = host.withUnsafeBytes { bytes in
        cf_host_in_ascii(bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, start)
      }
      return isRead == 1 ? Array(String(cString: start).utf8) : nil
    }
  }

  private static func lowerCase(_ byte: UInt8) -> UInt8 {
    (65...90).contains(byte) ? byte + 32 : byte
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
