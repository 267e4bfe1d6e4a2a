/// How a file's bytes mean text, as spreadsheets write it.
package enum CSVEncoding: String, CaseIterable, Sendable {
  case utf8 = "utf-8"
  case utf16LittleEndian = "utf-16le"
  case utf16BigEndian = "utf-16be"
  /// What Excel writes in Western Europe when nobody asks it for UTF-8.
  case windows1252 = "windows-1252"

  /// What a file says by its byte order mark, else what its bytes can only be. Bytes that are not UTF-8
  /// are Windows-1252 only where no character beyond ASCII is UTF-8 either: a file that mixes the two
  /// stays UTF-8, and the lines that are not become errors instead of wrong letters.
  struct Detector {
    private var mark: [UInt8] = []
    private var hasUTF8 = false
    private var hasOther = false
    /// What may be the beginning of a character that ends in the next piece.
    private var rest: [UInt8] = []

    mutating func read(_ bytes: ArraySlice<UInt8>) {
      if mark.count < 3 { mark += bytes.prefix(3 - mark.count) }
      guard !(hasUTF8 && hasOther) else { return }
      let joined = rest.isEmpty ? bytes : (rest + bytes)[...]
      let read = joined.withUnsafeBufferPointer { census($0, isLast: false) }
      rest = Array(joined.dropFirst(read))
    }

    var found: (encoding: CSVEncoding, markBytes: Int) {
      if mark == [0xEF, 0xBB, 0xBF] { return (.utf8, 3) }
      if mark.starts(with: [0xFF, 0xFE]) { return (.utf16LittleEndian, 2) }
      if mark.starts(with: [0xFE, 0xFF]) { return (.utf16BigEndian, 2) }
      var end = self
      _ = rest.withUnsafeBufferPointer { end.census($0, isLast: true) }
      return (end.hasOther && !end.hasUTF8 ? .windows1252 : .utf8, 0)
    }

    /// How many bytes were looked at.
    private mutating func census(_ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool) -> Int {
      var index = 0
      while index < bytes.count, !(hasUTF8 && hasOther) {
        if bytes[index] < 0x80 {
          index += 1
        } else if let length = sequenceLength(bytes, at: index) {
          hasUTF8 = true
          index += length
        } else if !isLast, bytes.count - index < 4 {
          return index
        } else {
          hasOther = true
          index += 1
        }
      }
      return index
    }
  }

  /// The length of the well-formed sequence of two to four bytes that begins here, RFC 3629; nil
  /// where there is none.
  private static func sequenceLength(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int? {
    let (length, second): (Int, ClosedRange<UInt8>)
    switch bytes[start] {
    case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
    case 0xE0: (length, second) = (3, 0xA0...0xBF)
    case 0xED: (length, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
    case 0xF0: (length, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
    case 0xF4: (length, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard start + length <= bytes.count, second.contains(bytes[start + 1]),
      bytes[(start + 2)..<max(start + length, start + 2)].allSatisfy({ $0 & 0xC0 == 0x80 })
    else { return nil }
    return length
  }
}

/// Turns a file's bytes into UTF-8, chunk by chunk. What has no meaning in the encoding becomes a
/// byte that UTF-8 never has, so that the reader finds it in the line where it stands.
struct CSVDecoder {
  private let encoding: CSVEncoding
  /// The first half of a code unit, and the first half of a pair of them.
  private var oddByte: UInt8?
  private var highSurrogate: UInt16?

  private static let invalid: UInt8 = 0xFF

  init(_ encoding: CSVEncoding) { self.encoding = encoding }

  mutating func decode(_ bytes: ArraySlice<UInt8>, into text: inout [UInt8]) {
    switch encoding {
    case .utf8: text += bytes
    case .windows1252: for byte in bytes { Self.append(Self.scalar(windows1252: byte), to: &text) }
    case .utf16LittleEndian, .utf16BigEndian:
      for byte in bytes {
        guard let first = oddByte else {
          oddByte = byte
          continue
        }
        oddByte = nil
        let isLittle = encoding == .utf16LittleEndian
        let (high, low) = isLittle ? (byte, first) : (first, byte)
        read(unit: UInt16(high) << 8 | UInt16(low), into: &text)
      }
    }
  }

  /// Half a character at the end of the file is none.
  mutating func finish(into text: inout [UInt8]) {
    if oddByte != nil || highSurrogate != nil { text.append(Self.invalid) }
    (oddByte, highSurrogate) = (nil, nil)
  }

  private mutating func read(unit: UInt16, into text: inout [UInt8]) {
    if let high = highSurrogate {
      highSurrogate = nil
      if (0xDC00...0xDFFF).contains(unit) {
        let code = 0x10000 + (UInt32(high - 0xD800) << 10 | UInt32(unit - 0xDC00))
        return Self.append(Unicode.Scalar(code), to: &text)
      }
      text.append(Self.invalid)
    }
    if (0xD800...0xDBFF).contains(unit) {
      highSurrogate = unit
    } else {
      Self.append(Unicode.Scalar(unit), to: &text)
    }
  }

  private static func append(_ scalar: Unicode.Scalar?, to text: inout [UInt8]) {
    guard let scalar else { return text.append(invalid) }
    if scalar.value < 0x80 {
      text.append(UInt8(scalar.value))
    } else {
      text += UTF8.encode(scalar)!
    }
  }

  private static func scalar(windows1252 byte: UInt8) -> Unicode.Scalar? {
    guard (0x80...0x9F).contains(byte) else { return Unicode.Scalar(byte) }
    return Unicode.Scalar(upperControls[Int(byte - 0x80)])
  }

  /// Where Windows-1252 has letters and Latin-1 controls; 0xD800, which is no character, where it
  /// has nothing.
  private static let upperControls: [UInt16] = [
    0x20AC, 0xD800, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039,
    0x0152, 0xD800, 0x017D, 0xD800, 0xD800, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xD800, 0x017E, 0x0178,
  ]
}
