import Glibc
import Postgres
import Secrets
import Synchronization

/// The identity of one `Subject`: a UUIDv7 (RFC 9562), so that ids sort by the time they were made.
///
/// An `ID<Lead>` never meets an `ID<Draft>`: the type is checked at compile time.
package struct ID<Subject>: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  /// A new id: greater than every id this process made before.
  package init() {
    let ticks = Ticks.next()
    // 48 bits of milliseconds, the version, 12 bits of counter; the variant, 62 bits of chance.
    high = (ticks >> 12) << 16 | 0x7000 | (ticks & 0xFFF)
    let random = Sodium.randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    low = 0x8000_0000_0000_0000 | random & 0x3FFF_FFFF_FFFF_FFFF
  }

  /// Reads the canonical 36 characters, in either case; nil for anything else.
  package init?(_ text: String) {
    var text = text
    guard let words = text.withUTF8({ Self.words(of: UnsafeRawBufferPointer($0)) }) else {
      return nil
    }
    self.init(high: words.high, low: words.low)
  }

  private static func words(of text: UnsafeRawBufferPointer) -> (high: UInt64, low: UInt64)? {
    guard text.count == 36 else { return nil }
    var value: (high: UInt64, low: UInt64) = (0, 0)
    var position = 0
    while position < 36 {
      if position == 8 || position == 13 || position == 18 || position == 23 {
        guard text[position] == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = hexDigit(text[position]) else { return nil }
        value = (value.high << 4 | value.low >> 60, value.low << 4 | UInt64(digit))
      }
      position += 1
    }
    return value
  }

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The first 16 bytes of a digest as an id: the same input always gives the same one.
  package init(digest: [UInt8]) {
    precondition(digest.count >= 16, "an id needs 16 bytes")
    func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
    self.init(high: word(digest[0..<8]), low: word(digest[8..<16]))
  }

  /// The same bits as the identity of something else, where two tables share a key.
  package func of<Other>(_ other: Other.Type) -> ID<Other> { ID<Other>(high: high, low: low) }
}

extension ID: CustomStringConvertible {
  package var description: String {
    String(unsafeUninitializedCapacity: 36) { text in
      var written = 0
      for nibble in 0..<32 {
        if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 {
          text[written] = UInt8(ascii: "-")
          written += 1
        }
        let word = nibble < 16 ? high : low
        let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - (nibble % 16) * 4) & 0xF)
        text[written] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
        written += 1
      }
      return written
    }
  }
}

extension ID: SQLValue, SQLReadable {
  package var bind: Bind { .text(description) }

  package init?(sql bytes: UnsafeRawBufferPointer) {
    guard let words = Self.words(of: bytes) else { return nil }
    self.init(high: words.high, low: words.low)
  }
}

/// Milliseconds since 1970 and a 12-bit counter, never the same and never backwards.
private enum Ticks {
  private static let last = Atomic<UInt64>(0)

  static func next() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
    var seen = last.load(ordering: .relaxed)
    while true {
      let next = max(now << 12, seen + 1)
      let (exchanged, original) = last.compareExchange(
        expected: seen, desired: next, ordering: .relaxed)
      if exchanged { return next }
      seen = original
    }
  }
}

private func hexDigit(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}

extension SQL {
  /// The ids as a `uuid[]` parameter, nil as NULL.
  static func ids<Subject>(_ ids: [ID<Subject>?]) -> SQL {
    "\(TextArray(ids.map { $0?.description }))::uuid[]"
  }
}
