/// Interface text written in Swift: `L("Archive \(count) leads")`, shown by `language.text(_:)`.
///
/// The text must be a literal inside `L(…)` or `L.plural(…)`, nothing else compiles, so that the
/// search for untranslated text finds all of it. Values stand as `%1`, `%2` … in the catalogue and
/// a percent sign as `%%`.
package struct L: Sendable, Equatable {
  enum Argument: Sendable, Equatable {
    case text(String)
    case phrase(L)

    func text(in language: Language) -> String {
      switch self {
      case .text(let text): text
      case .phrase(let phrase): language.text(phrase)
      }
    }
  }

  let message: Message
  let count: Int?
  let arguments: [Argument]

  package init(_ text: Literal, context: StaticString? = nil) {
    message = Message(id: text.pattern, context: context.map(\.description))
    count = nil
    arguments = text.arguments
  }

  /// Text that is the same in every language, such as a name.
  package init(verbatim text: String) {
    message = Message(id: "%1")
    count = nil
    arguments = [.text(text)]
  }

  private init(_ message: Message, count: Int, _ arguments: [Argument]) {
    self.message = message
    self.count = count
    self.arguments = arguments
  }

  /// The form for `count`. Both forms name the same values in the same order; the first may name
  /// fewer ("One lead", "\(n) leads").
  package static func plural(_ count: Int, _ one: Literal, _ other: Literal) -> L {
    let arguments =
      one.arguments.count > other.arguments.count ? one.arguments : other.arguments
    return L(Message(id: one.pattern, plural: other.pattern), count: count, arguments)
  }
}

extension L: TemplateText {
  package var isEmpty: Bool { false }
  package func text(in language: Language) -> String { language.text(self) }
}

extension L {
  /// The literal inside `L(…)`.
  package struct Literal: ExpressibleByStringInterpolation, Sendable {
    let pattern: String
    let arguments: [Argument]

    package init(stringLiteral value: String) {
      self.init(stringInterpolation: Interpolation(value))
    }

    package init(stringInterpolation interpolation: Interpolation) {
      pattern = interpolation.pattern
      arguments = interpolation.arguments
    }
  }

  package struct Interpolation: StringInterpolationProtocol, Sendable {
    fileprivate var pattern = ""
    fileprivate var arguments: [Argument] = []

    package init(literalCapacity: Int, interpolationCount: Int) {}

    fileprivate init(_ text: String) { appendLiteral(text) }

    package mutating func appendLiteral(_ literal: String) {
      pattern += Placeholder.pattern(for: literal)
    }

    package mutating func appendInterpolation(_ text: String) { append(.text(text)) }

    package mutating func appendInterpolation(_ number: Int) { append(.text(String(number))) }

    /// A text inside a text is translated by itself.
    package mutating func appendInterpolation(_ phrase: L) { append(.phrase(phrase)) }

    private mutating func append(_ argument: Argument) {
      arguments.append(argument)
      pattern += "%\(arguments.count)"
    }
  }
}

/// `%1`, `%2` … in a message, `%%` for a percent sign.
enum Placeholder {
  enum Part: Equatable {
    case text([UInt8])
    case value(Int)
  }

  static func pattern(for literal: String) -> String {
    let percent = UInt8(ascii: "%")
    let bytes = literal.utf8.flatMap { $0 == percent ? [percent, percent] : [$0] }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func parts(of pattern: String) -> [Part] {
    var parts: [Part] = []
    var text: [UInt8] = []
    var rest = Array(pattern.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%"), let next = rest.first else {
        text.append(byte)
        continue
      }
      if next == UInt8(ascii: "%") {
        text.append(next)
        rest.removeFirst()
      } else if let number = leadingNumber(&rest) {
        parts += [.text(text), .value(number)]
        text = []
      } else {
        text.append(byte)
      }
    }
    return parts + [.text(text)]
  }

  static func numbers(in pattern: String) -> Set<Int> {
    Set(parts(of: pattern).compactMap { if case .value(let number) = $0 { number } else { nil } })
  }

  /// One digit: no sentence has ten holes, and "%10" stays readable as "%1" and a zero.
  private static func leadingNumber(_ rest: inout ArraySlice<UInt8>) -> Int? {
    guard let digit = rest.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(digit) else {
      return nil
    }
    rest.removeFirst()
    return Int(digit - UInt8(ascii: "0"))
  }
}
