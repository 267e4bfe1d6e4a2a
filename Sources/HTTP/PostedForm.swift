import Spool
import Text

/// A posted `application/x-www-form-urlencoded` or `multipart/form-data` body. Each reader gives a
/// ``Field`` or, for a name that is given twice where one value is meant, throws a 400.
package struct PostedForm: Sendable {
  package let fields: NamedValues
  package let files: [UploadedFile]

  package init(_ body: [UInt8]) throws(ClientError) {
    fields = try NamedValues(body[...], allowing: .lineBreaks)
    files = []
  }

  init(_ parts: Multipart) {
    fields = parts.fields
    files = parts.files
  }

  /// The file of this field; nil where none was chosen.
  package func file(_ name: String) throws(ClientError) -> UploadedFile? {
    let found = files.filter { sameBytes($0.field, name) }
    guard found.count <= 1 else { throw .badRequest("a file that may be given once is repeated") }
    return found.first.flatMap { $0.name.isEmpty && $0.bytes.isEmpty ? nil : $0 }
  }

  /// The value as posted, for hidden fields such as a form token.
  package func value(_ name: String) throws(ClientError) -> String? { try fields.value(name) }

  /// Every value of a name that may be repeated.
  package func values(_ name: String) -> [String] { fields.values(name) }

  /// What a person wrote, without what nobody sees; empty where the name is missing.
  private func written(_ name: String) throws(ClientError) -> String {
    Invisible.strip(try fields.value(name) ?? "").text
  }

  /// A check box is posted only when it is ticked.
  package func isChecked(_ name: String) throws(ClientError) -> Bool {
    try fields.value(name) != nil
  }
}

extension PostedForm {
  /// One required line, trimmed. `max` counts code points, as PostgreSQL's `char_length` does.
  package func text<Message: FieldMessage>(
    _ name: String, max: Int, orElse missing: Message
  ) throws(ClientError) -> Field<String, Message> {
    let typed = try written(name)
    return line(typed, max: max, orElse: missing) { $0.isEmpty ? nil : $0 }
  }

  /// One line that may be left blank; `value` is then `.some(nil)`.
  package func optionalText<Message: FieldMessage>(
    _ name: String, max: Int
  ) throws(ClientError) -> Field<String?, Message> {
    let typed = try written(name)
    return line(typed, max: max, orElse: nil) { .some($0.isEmpty ? nil : $0) }
  }

  /// Required text of many lines, with line feeds and white space kept as typed.
  package func multiline<Message: FieldMessage>(
    _ name: String, max: Int, orElse missing: Message
  ) throws(ClientError) -> Field<String, Message> {
    let typed = try written(name)
    if typed.unicodeScalars.count > max {
      return Field(typed: typed, error: .tooLong(limit: max))
    }
    return typed.trimmed.isEmpty
      ? Field(typed: typed, error: missing) : Field(typed: typed, value: typed)
  }

  /// Text of many lines that may be left blank; `value` is then the empty string.
  package func optionalMultiline<Message: FieldMessage>(
    _ name: String, max: Int
  ) throws(ClientError) -> Field<String, Message> {
    let typed = try written(name)
    return typed.unicodeScalars.count > max
      ? Field(typed: typed, error: .tooLong(limit: max)) : Field(typed: typed, value: typed)
  }

  /// A whole number within a range, in ASCII digits.
  package func integer<Message>(
    _ name: String, in range: ClosedRange<Int>, orElse malformed: Message
  ) throws(ClientError) -> Field<Int, Message> {
    try field(name, orElse: malformed) { text in
      Int(strictDecimal: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// One of a closed set, by its raw value.
  package func choice<Value: RawRepresentable & Sendable, Message>(
    _ name: String, of type: Value.Type = Value.self, orElse malformed: Message
  ) throws(ClientError) -> Field<Value, Message> where Value.RawValue == String {
    try field(name, orElse: malformed) { Value(rawValue: $0) }
  }

  /// Anything with a reader of its own, such as an e-mail address; it is given the trimmed line.
  package func field<Value, Message>(
    _ name: String, orElse malformed: Message, read: (String) -> Value?
  ) throws(ClientError) -> Field<Value, Message> {
    let typed = try written(name)
    let value = read(typed.trimmed)
    return Field(typed: typed, value: value, error: value == nil ? malformed : nil)
  }

  /// As ``field(_:orElse:read:)``, but blank is a valid answer: `value` is then `.some(nil)`.
  package func optionalField<Value, Message>(
    _ name: String, orElse malformed: Message, read: (String) -> Value?
  ) throws(ClientError) -> Field<Value?, Message> {
    try field(name, orElse: malformed) { text -> Value?? in
      if text.isEmpty { return .some(nil) }
      guard let value = read(text) else { return nil }
      return .some(value)
    }
  }

  private func line<Value, Message: FieldMessage>(
    _ typed: String, max: Int, orElse missing: Message?, meaning: (String) -> Value?
  ) -> Field<Value, Message> {
    let text = typed.trimmed
    guard text.unicodeScalars.count <= max else {
      return Field(typed: typed, error: .tooLong(limit: max))
    }
    // A browser strips line breaks from a one-line input; only a hand-made post has them.
    guard !text.utf8.contains(where: { $0 < ASCII.space }) else {
      return Field(typed: typed, error: .oddLine)
    }
    let value = meaning(text)
    return Field(typed: typed, value: value, error: value == nil ? missing : nil)
  }
}

extension String {
  /// Without white space at either end, scalar by scalar: as Characters, a space that carries a
  /// combining mark would hide.
  package var trimmed: String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
