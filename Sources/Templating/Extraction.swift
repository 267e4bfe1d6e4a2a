/// A text to be translated, and where it stands.
package struct MessageUse: Hashable, Sendable, CustomStringConvertible {
  package let message: Message
  package let file: String
  package let line: Int

  package var description: String { "\(file):\(line): \(message.id)" }
}

/// Finds every text to be translated: `{{#_}}…{{/_}}` in templates, `L("…")` in Swift.
package enum Extraction {
  /// - Parameter directory: the one that `Templates` loads.
  package static func templates(below directory: String) throws(TemplateErrors) -> [MessageUse] {
    try each(directory, ".html") { bytes, file throws(TemplateError) in
      phrases(in: try Parser.parse(bytes, file: file))
    }
  }

  package static func swiftFiles(below directory: String) throws(TemplateErrors) -> [MessageUse] {
    try each(directory, ".swift") { bytes, file throws(TemplateError) in
      try swift(bytes, file: file)
    }
  }

  package static func swift(
    _ source: [UInt8], file: String
  ) throws(TemplateError) -> [MessageUse] {
    var scanner = SwiftScanner(source, file: file)
    return try scanner.scan()
  }

  private static func each(
    _ directory: String, _ ending: String,
    _ find: ([UInt8], String) throws(TemplateError) -> [MessageUse]
  ) throws(TemplateErrors) -> [MessageUse] {
    var uses: [MessageUse] = []
    var errors: [TemplateError] = []
    do throws(TemplateError) {
      for stamp in try Files.below(directory, endings: [ending]) {
        let file = "\(directory)/\(stamp.path)"
        do throws(TemplateError) {
          uses += try find(try Files.read(file), file)
        } catch { errors.append(error) }
      }
    } catch { errors.append(error) }
    if !errors.isEmpty { throw TemplateErrors(errors) }
    return uses
  }

  private static func phrases(in nodes: [Node]) -> [MessageUse] {
    nodes.flatMap { node -> [MessageUse] in
      switch node {
      case .phrase(let phrase):
        [MessageUse(message: Message(id: phrase.id), file: phrase.tag.file, line: phrase.tag.line)]
      case .section(_, let nodes), .inverted(_, let nodes): phrases(in: nodes)
      case .block(let block): phrases(in: block.nodes)
      case .parent(_, let blocks): blocks.flatMap { phrases(in: $0.nodes) }
      case .text, .variable, .raw, .partial: []
      }
    }
  }
}

extension Catalogue {
  /// The texts in use that this catalogue does not translate.
  package func missing(among uses: [MessageUse]) -> [MessageUse] {
    uses.filter { translation(of: $0.message) == nil }
  }

  /// The translations that nothing uses, with their line.
  package func leftovers(beside uses: [MessageUse]) -> [MessageUse] {
    let used = Set(uses.map(\.message))
    return translations.filter { !used.contains($0.key) }
      .map { MessageUse(message: $0.key, file: file, line: $0.value.line) }
      .sorted { $0.line < $1.line }
  }
}

extension Message {
  /// An empty entry of a `.po` file, ready to be filled in.
  package var entry: String {
    var lines: [String] = []
    if let context { lines.append("msgctxt \(quoted(context))") }
    lines.append("msgid \(quoted(id))")
    if let plural {
      lines += ["msgid_plural \(quoted(plural))", "msgstr[0] \"\"", "msgstr[1] \"\""]
    } else {
      lines.append("msgstr \"\"")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func quoted(_ text: String) -> String {
    let escaped = text.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case UInt8(ascii: "\n"): Array("\\n".utf8)
      case UInt8(ascii: "\t"): Array("\\t".utf8)
      case UInt8(ascii: "\r"): Array("\\r".utf8)
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
      default: [byte]
      }
    }
    return "\"\(String(decoding: escaped, as: UTF8.self))\""
  }
}
