import Secrets

/// Proves that a form came from a page of ours: an HMAC under the visitor's own secret (the session
/// token, or before sign-in a cookie made for this), masked anew on each page so that compression
/// cannot leak it.
struct FormToken {
  private static let purpose = Array("closerflow form token 1".utf8)
  private static let bytes = 32

  private let mac: [UInt8]

  init(of visitor: Token) {
    mac = Sodium.hmacSHA256(Self.purpose, key: Array(visitor.text.utf8))
  }

  /// What stands in the form: a random mask, then the masked MAC.
  func masked() -> String {
    let mask = Sodium.randomBytes(Self.bytes)
    return Base64URL.encode(mask + zip(mask, mac).map { $0 ^ $1 })
  }

  func accepts(_ text: String) -> Bool {
    guard let decoded = Base64URL.decode(text), decoded.count == 2 * Self.bytes else {
      return false
    }
    let unmasked = zip(decoded[..<Self.bytes], decoded[Self.bytes...]).map { $0 ^ $1 }
    return Sodium.areEqual(unmasked, mac)
  }
}
