/// Quoted-printable (RFC 2045, section 6.7) for text: CRLF line ends only, lines of at most 76
/// columns, no line that begins with a dot or "From ", code points never cut by a soft line break.
enum QuotedPrintable {
  static func encode(_ text: String) -> [UInt8] {
    var output = [UInt8]()
    output.reserveCapacity(text.utf8.count * 5 / 4)
    for line in lines(of: text) {
      appendLine(line, to: &output)
      output += [0x0D, 0x0A]
    }
    return output
  }

  static func escape(_ byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
  }

  /// Splits at CRLF, CR or LF; a final line end does not open an empty line.
  static func lines(of text: String) -> [[Unicode.Scalar]] {
    var lines = [[Unicode.Scalar]]()
    var line = [Unicode.Scalar]()
    var last: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar == "\r" || scalar == "\n" {
        if !(scalar == "\n" && last == "\r") {
          lines.append(line)
          line = []
        }
      } else {
        line.append(scalar)
      }
      last = scalar
    }
    return line.isEmpty ? lines : lines + [line]
  }

  private static func appendLine(_ line: [Unicode.Scalar], to output: inout [UInt8]) {
    var column = 0
    for (index, scalar) in line.enumerated() {
      let isLast = index == line.count - 1
      var coded = atom(scalar, isLast: isLast)
      // One column stays free for the "=" of a soft break.
      if column + coded.count > (isLast ? 76 : 75) {
        output += [UInt8(ascii: "="), 0x0D, 0x0A]
        column = 0
      }
      let opensFrom = scalar == "F" && line[index...].starts(with: "From ".unicodeScalars)
      if column == 0, scalar == "." || opensFrom { coded = escape(coded[0]) }
      output += coded
      column += coded.count
    }
  }

  private static func atom(_ scalar: Unicode.Scalar, isLast: Bool) -> [UInt8] {
    switch scalar.value {
    case 0x3D: escape(0x3D)
    case 0x21...0x7E: [UInt8(scalar.value)]
    case 0x20, 0x09: isLast ? escape(UInt8(scalar.value)) : [UInt8(scalar.value)]
    default: String(scalar).utf8.flatMap(escape)
    }
  }
}
