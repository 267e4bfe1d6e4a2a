import Glibc

/// A growable byte buffer that a worker keeps and reuses: `removeAll` keeps the memory.
package struct ByteBuffer: ~Copyable {
  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  package private(set) var count = 0

  package init(capacity: Int = 16_384) {
    self.capacity = max(capacity, 64)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  package mutating func removeAll() { count = 0 }

  package var bytes: [UInt8] { Array(UnsafeBufferPointer(start: base, count: count)) }

  package var string: String {
    String(decoding: UnsafeBufferPointer(start: base, count: count), as: UTF8.self)
  }

  /// Lends the bytes written so far; the pointer dies with the closure.
  package borrowing func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  package mutating func append(_ byte: UInt8) {
    makeRoom(for: 1)
    base[count] = byte
    count += 1
  }

  package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
    makeRoom(for: bytes.count)
    memcpy(base + count, source, bytes.count)
    count += bytes.count
  }

  package mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBufferPointer { append($0) }
  }

  /// Writes text as it is. Only for text that needs no escaping.
  package mutating func append(_ text: String) {
    if text.utf8.withContiguousStorageIfAvailable({ append($0) }) == nil {
      for byte in text.utf8 { append(byte) }
    }
  }

  /// Writes a whole number in decimal digits, with zeros in front up to `width`.
  package mutating func append(_ number: Int, width: Int = 1) {
    if number < 0 { append(UInt8(ascii: "-")) }
    var rest = number.magnitude
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 24) { digits in
      var written = 0
      repeat {
        written += 1
        digits[24 - written] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0 || written < min(width, 20)
      append(UnsafeBufferPointer(rebasing: digits[(24 - written)...]))
    }
  }

  /// Writes text for HTML content or a quoted attribute: `& < > " '` become references.
  package mutating func escape(_ text: String) {
    if text.utf8.withContiguousStorageIfAvailable({ escape($0) }) == nil {
      Array(text.utf8).withUnsafeBufferPointer { escape($0) }
    }
  }

  package mutating func escape(_ source: UnsafeBufferPointer<UInt8>) {
    makeRoom(for: source.count * Escape.longest)
    var target = base + count
    for byte in source {
      if Escape.isPlain(byte) {
        target.pointee = byte
        target += 1
      } else {
        target = Escape.write(byte, to: target)
      }
    }
    count = target - base
  }

  mutating func truncate(to length: Int) { count = length }

  private mutating func makeRoom(for more: Int) {
    if count + more > capacity { grow(to: count + more) }
  }

  private mutating func grow(to needed: Int) {
    capacity = max(needed, capacity * 2)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    memcpy(larger, base, count)
    base.deallocate()
    base = larger
  }
}

/// The five bytes that mean something in HTML text and quoted attributes. All are ASCII, so a
/// combining mark behind one cannot hide it as it would from a loop over `Character`.
private enum Escape {
  static let longest = 6
  private static let special: UInt64 = 1 << 34 | 1 << 38 | 1 << 39 | 1 << 60 | 1 << 62

  @inline(__always)
  static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 64 || (special &>> UInt64(byte)) & 1 == 0
  }

  static func write(
    _ byte: UInt8, to target: UnsafeMutablePointer<UInt8>
  ) -> UnsafeMutablePointer<UInt8> {
    let reference: StaticString =
      switch byte {
      case UInt8(ascii: "&"): "&amp;"
      case UInt8(ascii: "<"): "&lt;"
      case UInt8(ascii: ">"): "&gt;"
      case UInt8(ascii: "\""): "&quot;"
      default: "&#39;"
      }
    memcpy(target, reference.utf8Start, reference.utf8CodeUnitCount)
    return target + reference.utf8CodeUnitCount
  }
}
