import CShims
import Postgres

/// A telephone number in E.164, such as `+33612345678`.
///
/// Read by libphonenumber from what people type: with or without the country's code, in any script's
/// digits, with letters where a keypad has them. An extension is left out: E.164 has none.
package struct PhoneNumber: Hashable, Sendable, CustomStringConvertible {
  package let text: String

  /// The longest that libphonenumber looks at.
  private static let typedBytesMax = 250

  /// `region` is where a number without a country's code is dialled.
  package init?(_ typed: String, in region: PhoneRegion?) {
    // A NUL or a line end would part the number in two.
    guard typed.utf8.count <= Self.typedBytesMax, !typed.utf8.contains(where: { $0 < 0x20 }) else {
      return nil
    }
    guard
      let text = Self.read(typed, region) ?? Self.abroad(typed).flatMap({ Self.read($0, region) })
    else { return nil }
    self.text = text
  }

  package var description: String { text }

  /// 00 in front is how most of the world dials abroad, also where that country does not.
  private static func abroad(_ typed: String) -> String? {
    typed.utf8.starts(with: "00".utf8) ? "+" + typed.dropFirst(2) : nil
  }

  private static func read(_ typed: String, _ region: PhoneRegion?) -> String? {
    // The library knows some of Unicode's spaces.
    var typed = String(
      String.UnicodeScalarView(typed.unicodeScalars.map { $0.properties.isWhitespace ? " " : $0 }))
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CF_PHONE_BYTES)) { number in
      guard let start = number.baseAddress else { return nil }
      let isRead = typed.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { bytes in
          cf_phone_e164(bytes.baseAddress, bytes.count, region?.code ?? "ZZ", start)
        }
      }
      // 15 digits at most (E.164); the library allows some countries more.
      guard isRead == 1 else { return nil }
      let text = String(cString: start)
      return (8...16).contains(text.utf8.count) ? text : nil
    }
  }
}

extension PhoneNumber: SQLValue {
  package var bind: Bind { .text(text) }
}

/// A country or territory with a plan of telephone numbers, by its ISO 3166-1 code.
package struct PhoneRegion: Hashable, Sendable {
  package let code: String

  /// Two capitals that the library knows.
  package init?(_ code: String) {
    guard code.utf8.count == 2, code.utf8.allSatisfy({ (65...90).contains($0) }),
      cf_phone_knows(code) == 1
    else { return nil }
    self.code = code
  }
}

extension PhoneRegion: SQLValue, SQLReadable {
  package var bind: Bind { .text(code) }

  package init?(sql bytes: UnsafeRawBufferPointer) {
    self.init(String(decoding: bytes, as: UTF8.self))
  }
}
