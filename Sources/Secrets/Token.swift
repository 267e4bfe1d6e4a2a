/// A bearer secret of 256 random bits: a session, a public link, an invitation.
/// Its text goes to the holder once; only `digest` is stored.
package struct Token: Sendable {
  /// 43 characters of base64url.
  package let text: String
  /// SHA-256 of the 32 bytes, for the database.
  package let digest: [UInt8]

  package static func random() -> Token {
    Token(bytes: Sodium.randomBytes(byteCount))
  }

  /// Nil unless `text` is a token as `text` writes it; there is one spelling for each token.
  package init?(_ text: String) {
    guard text.utf8.count == 43, let bytes = Base64URL.decode(text), bytes.count == Self.byteCount
    else { return nil }
    self.init(bytes: bytes)
  }

  private init(bytes: [UInt8]) {
    text = Base64URL.encode(bytes)
    digest = Sodium.sha256(bytes)
  }

  private static let byteCount = 32
}

extension Token: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Never the secret: a token that is logged or printed by mistake shows nothing.
  package var description: String { "Token(hidden)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
