/// A language of the interface: English as it stands in templates and code, or a catalogue's.
package struct Language: Sendable, Equatable {
  /// As in `<html lang>`: "en", "fr".
  package let code: String
  let catalogue: Catalogue?

  package static let english = Language(code: "en", catalogue: nil)

  package init(_ catalogue: Catalogue) {
    self.init(code: catalogue.code, catalogue: catalogue)
  }

  private init(code: String, catalogue: Catalogue?) {
    self.code = code
    self.catalogue = catalogue
  }

  package static func == (one: Language, other: Language) -> Bool { one.code == other.code }

  /// The text in this language, values filled in. What is not translated yet stands in English.
  package func text(_ text: L) -> String {
    filled(pattern(of: text), text.arguments)
  }

  private func pattern(of text: L) -> String {
    guard let count = text.count, let plural = text.message.plural else {
      return catalogue?.translation(of: text.message)?.forms[0] ?? text.message.id
    }
    if let catalogue, let found = catalogue.translation(of: text.message) {
      return found.forms[catalogue.plural.form(for: count)]
    }
    return count == 1 ? text.message.id : plural
  }

  private func filled(_ pattern: String, _ arguments: [L.Argument]) -> String {
    if !pattern.utf8.contains(UInt8(ascii: "%")) { return pattern }
    var bytes: [UInt8] = []
    for part in Placeholder.parts(of: pattern) {
      switch part {
      case .text(let text): bytes += text
      case .value(let number):
        if arguments.indices.contains(number - 1) {
          bytes += arguments[number - 1].text(in: self).utf8
        }
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
