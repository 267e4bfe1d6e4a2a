import CSodium

/// libsodium's primitives over byte arrays. Every call starts the library first, exactly once.
package enum Sodium {
  /// SHA-256 of `bytes`, 32 bytes.
  package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    start
    var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256(&digest, bytes, UInt64(bytes.count))
    return digest
  }

  /// SHA-256 of bytes that come piece by piece.
  package struct SHA256: Sendable {
    private var state = crypto_hash_sha256_state()

    package init() {
      start
      crypto_hash_sha256_init(&state)
    }

    package mutating func update(_ bytes: ArraySlice<UInt8>) {
      bytes.withUnsafeBufferPointer { bytes in
        _ = crypto_hash_sha256_update(&state, bytes.baseAddress, UInt64(bytes.count))
      }
    }

    /// 32 bytes; nothing can be added behind it.
    package consuming func digest() -> [UInt8] {
      var digest = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
      crypto_hash_sha256_final(&state, &digest)
      return digest
    }
  }

  /// HMAC-SHA-256 (RFC 2104) with a key of any length, 32 bytes.
  package static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    start
    var state = crypto_auth_hmacsha256_state()
    var tag = [UInt8](repeating: 0, count: Int(crypto_auth_hmacsha256_BYTES))
    crypto_auth_hmacsha256_init(&state, key, key.count)
    crypto_auth_hmacsha256_update(&state, bytes, UInt64(bytes.count))
    crypto_auth_hmacsha256_final(&state, &tag)
    return tag
  }

  /// True when both hold the same bytes; takes the same time wherever they differ.
  /// The lengths are not secret.
  package static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    start
    return one.count == other.count && sodium_memcmp(one, other, one.count) == 0
  }

  /// `count` bytes from the kernel's generator.
  package static func randomBytes(_ count: Int) -> [UInt8] {
    start
    var bytes = [UInt8](repeating: 0, count: count)
    randombytes_buf(&bytes, count)
    return bytes
  }

  /// Touching this starts libsodium; Swift runs it once, whichever thread comes first.
  static let start: Void = {
    precondition(sodium_init() >= 0, "libsodium found no source of randomness")
  }()
}
