/// Code points that a reader does not see but a program or a model does: zero-width characters,
/// word joiners, byte-order marks, variation selectors, tag characters and the controls that turn
/// the direction of writing. They are taken out where text comes in and again where it is rendered.
///
/// An emoji built with joiners falls into its parts; that is the price.
package enum Invisible {
  /// The text without them, and how many there were.
  package static func strip(_ text: String) -> (text: String, count: Int) {
    var copy = text
    return copy.withUTF8 { bytes in
      guard bytes.contains(where: isLead) else { return (text, 0) }
      var kept = [UInt8]()
      kept.reserveCapacity(bytes.count)
      let count = strip(bytes, into: &kept)
      return (count == 0 ? text : String(decoding: kept, as: UTF8.self), count)
    }
  }

  /// Appends the visible part of valid UTF-8 to `kept`; returns how many code points it left out.
  static func strip(_ bytes: UnsafeBufferPointer<UInt8>, into kept: inout [UInt8]) -> Int {
    var count = 0
    var index = 0
    while index < bytes.count {
      let length = invisibleLength(UnsafeBufferPointer(rebasing: bytes[index...]))
      if length == 0 {
        kept.append(bytes[index])
        index += 1
      } else {
        count += 1
        index += length
      }
    }
    return count
  }

  /// True for the first byte of every encoding below; most text has none of them.
  private static func isLead(_ byte: UInt8) -> Bool {
    byte == 0xE2 || byte == 0xEF || byte == 0xD8 || byte == 0xF3
  }

  /// The byte length of the invisible code point at the start of `bytes`, 0 when there is none.
  private static func invisibleLength(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard isLead(bytes[0]), bytes.count >= 2 else { return 0 }
    if bytes[0] == 0xD8 { return bytes[1] == 0x9C ? 2 : 0 }  // U+061C
    guard bytes.count >= 3 else { return 0 }
    switch (bytes[0], bytes[1], bytes[2]) {
    case (0xE2, 0x80, 0x8B...0x8F): return 3  // U+200B…200F
    case (0xE2, 0x80, 0xAA...0xAE): return 3  // U+202A…202E
    case (0xE2, 0x81, 0xA0...0xA4): return 3  // U+2060…2064
    case (0xE2, 0x81, 0xA6...0xA9): return 3  // U+2066…2069
    case (0xEF, 0xBB, 0xBF): return 3  // U+FEFF
    case (0xEF, 0xB8, 0x80...0x8F): return 3  // U+FE00…FE0F
    case (0xF3, 0xA0, 0x80...0x81): return 4  // U+E0000…E007F
    case (0xF3, 0xA0, 0x84...0x87): return 4  // U+E0100…E01EF, the selectors' second block
    default: return 0
    }
  }
}
