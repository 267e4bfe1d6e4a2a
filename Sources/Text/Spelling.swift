import CShims
import Glibc

extension String {
  /// What is compared when people search and sort: case and accents aside, and letters that have no plain one beneath
  /// them taken for those that are typed in their place (ß for ss, ł for l, dotless i for i).
  ///
  /// The database's `app.fold` does the same; a table of cases and made-up texts hold them equal.
  package var folded: String {
    guard !isASCII else { return lowercased() }
    var folded = String.UnicodeScalarView()
    for scalar in normalized(cf_decomposed).unicodeScalars {
      for lower in scalar.properties.lowercaseMapping.unicodeScalars {
        switch lower {
        case "\u{300}"..."\u{36F}", "\u{64B}"..."\u{655}", "\u{670}": break
        case "ß": folded.append(contentsOf: "ss".unicodeScalars)
        case "æ": folded.append(contentsOf: "ae".unicodeScalars)
        case "œ": folded.append(contentsOf: "oe".unicodeScalars)
        case "þ": folded.append(contentsOf: "th".unicodeScalars)
        case "ł": folded.append("l")
        case "ø": folded.append("o")
        case "đ", "ð": folded.append("d")
        case "ħ": folded.append("h")
        case "ı": folded.append("i")
        case "ŧ": folded.append("t")
        case "ŋ": folded.append("n")
        case "ς": folded.append("σ")
        default: folded.append(lower)
        }
      }
    }
    return String(folded)
  }

  /// In the one spelling of its characters that text is kept and compared in byte by byte (Unicode's NFKC), in lower
  /// case, each letter by itself: what a tag is written in.
  package var composedInLowerCase: String {
    guard !isASCII else { return lowercased() }
    var lower = String.UnicodeScalarView()
    for scalar in normalized(cf_composed).unicodeScalars {
      // The one letter whose small one would be two.
      if scalar == "İ" {
        lower.append("i")
      } else {
        lower += scalar.properties.lowercaseMapping.unicodeScalars
      }
    }
    return String(lower).normalized(cf_composed)
  }

  private var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }

  private func normalized(
    _ normalize: (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<
      UInt8
    >?
  ) -> String {
    let bytes = Array(utf8)
    var length = 0
    guard let normal = normalize(bytes, bytes.count, &length) else {
      preconditionFailure("no memory for \(bytes.count) bytes")
    }
    defer { free(normal) }
    return String(decoding: UnsafeBufferPointer(start: normal, count: length), as: UTF8.self)
  }
}
