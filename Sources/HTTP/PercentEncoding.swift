/// RFC 3986 percent-encoding, on bytes.
package enum PercentEncoding {
  /// Everything but the unreserved characters of RFC 3986 becomes `%XX`: safe in any part of a URL.
  package static func encode(_ text: String) -> String {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count + 16)
    for byte in text.utf8 {
      if isUnreserved(byte) {
        encoded.append(byte)
      } else {
        encoded.append(ASCII.percent)
        encoded.append(hexDigit(byte >> 4))
        encoded.append(hexDigit(byte & 0xF))
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  /// Decodes once. A `%` without two hexadecimal digits behind it is nil, not taken literally.
  package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? {
    decode(Array(text.utf8)[...], plusIsSpace: plusIsSpace)
  }

  static func decode(_ bytes: ArraySlice<UInt8>, plusIsSpace: Bool) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      if byte == ASCII.percent {
        guard bytes.endIndex - index > 2, let high = ASCII.hexValue(bytes[index + 1]),
          let low = ASCII.hexValue(bytes[index + 2])
        else { return nil }
        decoded.append(high << 4 | low)
        index += 3
      } else {
        decoded.append(plusIsSpace && byte == ASCII.plus ? ASCII.space : byte)
        index += 1
      }
    }
    return decoded
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: ASCII.isLetter(byte) || ASCII.isDigit(byte)
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : UInt8(ascii: "A") + value - 10
  }
}
