/// A statement's text and the values bound to it.
///
/// Written as a string literal: the literal parts are compiled-in text (`StaticString`), every
/// interpolated value becomes a parameter, so a value can never become part of the statement.
/// Another `SQL` may be interpolated as a fragment.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
  enum Piece: Sendable {
    case text(StaticString)
    case unchecked(String)
    case value(Bind)
  }

  private(set) var pieces: [Piece]

  package init(stringLiteral text: StaticString) {
    pieces = [.text(text)]
  }

  package init(stringInterpolation interpolation: StringInterpolation) {
    pieces = interpolation.pieces
  }

  /// The one door for text that is not compiled in: the migrator's files and the catalogue's names.
  package init(unchecked text: String) {
    pieces = [.unchecked(text)]
  }

  /// The fragments one after the other, `separator` between them.
  package static func joined(_ fragments: [SQL], by separator: StaticString) -> SQL {
    var joined: SQL = ""
    for (position, fragment) in fragments.enumerated() {
      if position > 0 { joined.pieces.append(.text(separator)) }
      joined.pieces += fragment.pieces
    }
    return joined
  }

  package struct StringInterpolation: StringInterpolationProtocol {
    var pieces: [Piece] = []

    package init(literalCapacity: Int, interpolationCount: Int) {
      pieces.reserveCapacity(interpolationCount * 2 + 1)
    }

    package mutating func appendLiteral(_ literal: StaticString) {
      pieces.append(.text(literal))
    }

    package mutating func appendInterpolation(_ value: some SQLValue) {
      pieces.append(.value(value.bind))
    }

    package mutating func appendInterpolation(_ value: (some SQLValue)?) {
      pieces.append(.value(value?.bind ?? .null))
    }

    package mutating func appendInterpolation(_ fragment: SQL) {
      pieces += fragment.pieces
    }
  }

  /// The text with `$1`, `$2` … where the values stand.
  var text: String {
    var text = ""
    var values = 0
    for piece in pieces {
      switch piece {
      case .text(let literal):
        literal.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
      case .unchecked(let raw): text += raw
      case .value:
        values += 1
        text += "$\(values)"
      }
    }
    return text
  }
}

/// A value on its way to the server: text format, or binary for `bytea`.
package enum Bind: Sendable, Equatable {
  case null
  case text(String)
  case bytes([UInt8])
}

/// A Swift type with a PostgreSQL spelling.
package protocol SQLValue: Sendable {
  var bind: Bind { get }
}

extension String: SQLValue {
  package var bind: Bind { .text(self) }
}

extension Int: SQLValue {
  package var bind: Bind { .text(String(self)) }
}

extension Bool: SQLValue {
  package var bind: Bind { .text(self ? "t" : "f") }
}

extension [UInt8]: SQLValue {
  package var bind: Bind { .bytes(self) }
}

extension SQLValue where Self: RawRepresentable, RawValue: SQLValue {
  package var bind: Bind { rawValue.bind }
}

extension SQL {
  /// The parameter with its type, for where the server cannot know it, such as in `unnest`.
  package static func texts(_ elements: [String?]) -> SQL { "\(TextArray(elements))::text[]" }

  /// A `text[]` value: the elements quoted by PostgreSQL's array grammar, nil as NULL.
  package struct TextArray: SQLValue {
    private let elements: [String?]

    package init(_ elements: [String?]) { self.elements = elements }

    package var bind: Bind { .text(text) }

    /// The array's literal.
    package var text: String {
      var literal: [UInt8] = [UInt8(ascii: "{")]
      for (position, element) in elements.enumerated() {
        if position > 0 { literal.append(UInt8(ascii: ",")) }
        guard let element else {
          literal += "NULL".utf8
          continue
        }
        literal.append(UInt8(ascii: "\""))
        for byte in element.utf8 {
          if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
            literal.append(UInt8(ascii: "\\"))
          }
          literal.append(byte)
        }
        literal.append(UInt8(ascii: "\""))
      }
      literal.append(UInt8(ascii: "}"))
      return String(decoding: literal, as: UTF8.self)
    }
  }
}
