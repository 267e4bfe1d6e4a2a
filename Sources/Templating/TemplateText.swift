/// What `{{name}}` can write. Escaping is the writer's job, so a conformance cannot forget it.
package protocol TemplateText: SendableMetatype {
  /// An empty text closes `{{#name}}` and opens `{{^name}}`.
  var isEmpty: Bool { get }
  func text(in language: Language) -> String
  /// Writes the text where a page wants it; by itself `text(in:)`, escaped.
  func write(in language: Language, to buffer: inout ByteBuffer)
}

extension TemplateText {
  package func write(in language: Language, to buffer: inout ByteBuffer) {
    buffer.escape(text(in: language))
  }
}

/// Text made of digits and words of ours, which needs no escaping and is written without a detour
/// through strings: times, amounts.
package protocol WrittenText: TemplateText {}

extension WrittenText {
  package var isEmpty: Bool { false }

  package func text(in language: Language) -> String {
    var buffer = ByteBuffer(capacity: 64)
    write(in: language, to: &buffer)
    return buffer.string
  }
}

extension String: TemplateText {
  package func text(in language: Language) -> String { self }
}

/// Zero counts as empty, so that `{{#count}}` hides a badge that would say 0.
extension Int: TemplateText {
  package var isEmpty: Bool { self == 0 }
  package func text(in language: Language) -> String { String(self) }
}

extension Optional: TemplateText where Wrapped: TemplateText {
  // Spelled out: a key path of a generic type is made anew at every call.
  package var isEmpty: Bool {
    guard let self else { return true }
    return self.isEmpty
  }
  package func text(in language: Language) -> String {
    guard let self else { return "" }
    return self.text(in: language)
  }
  package func write(in language: Language, to buffer: inout ByteBuffer) {
    guard let self else { return }
    self.write(in: language, to: &buffer)
  }
}
