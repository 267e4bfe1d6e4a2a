import CSodium

/// Base64 of RFC 4648 section 4, with padding.
package enum Base64 {
  package static func encode(_ bytes: [UInt8]) -> String {
    BinaryText.encode(bytes, variant: sodium_base64_VARIANT_ORIGINAL)
  }

  /// Nil unless `text` is exactly what `encode` writes for some bytes.
  package static func decode(_ text: String) -> [UInt8]? {
    BinaryText.decode(text, variant: sodium_base64_VARIANT_ORIGINAL)
  }
}

/// Base64 for URLs and cookies (RFC 4648 section 5), without padding.
package enum Base64URL {
  package static func encode(_ bytes: [UInt8]) -> String {
    BinaryText.encode(bytes, variant: sodium_base64_VARIANT_URLSAFE_NO_PADDING)
  }

  /// Nil unless `text` is exactly what `encode` writes for some bytes.
  package static func decode(_ text: String) -> [UInt8]? {
    BinaryText.decode(text, variant: sodium_base64_VARIANT_URLSAFE_NO_PADDING)
  }
}

/// Lower-case hexadecimal.
package enum Hex {
  package static func encode(_ bytes: [UInt8]) -> String {
    var text = [UInt8]()
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil unless `text` is an even number of hexadecimal digits; upper case is read too.
  package static func decode(_ text: String) -> [UInt8]? {
    Sodium.start
    let characters = text.utf8.map { CChar(bitPattern: $0) }
    var bytes = [UInt8](repeating: 0, count: characters.count / 2)
    var written = 0
    let code = sodium_hex2bin(
      &bytes, bytes.count, characters, characters.count, nil, &written, nil)
    return code == 0 && written == bytes.count && characters.count % 2 == 0 ? bytes : nil
  }

  private static let digits = Array("0123456789abcdef".utf8)
}

/// The two base64 alphabets through libsodium, which refuses stray bits, padding and spaces.
private enum BinaryText {
  static func encode(_ bytes: [UInt8], variant: Int32) -> String {
    Sodium.start
    var text = [CChar](repeating: 0, count: sodium_base64_encoded_len(bytes.count, variant))
    sodium_bin2base64(&text, text.count, bytes, bytes.count, variant)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func decode(_ text: String, variant: Int32) -> [UInt8]? {
    Sodium.start
    let characters = text.utf8.map { CChar(bitPattern: $0) }
    var bytes = [UInt8](repeating: 0, count: characters.count / 4 * 3 + 3)
    var written = 0
    let code = sodium_base642bin(
      &bytes, bytes.count, characters, characters.count, nil, &written, nil, variant)
    return code == 0 ? Array(bytes.prefix(written)) : nil
  }
}
