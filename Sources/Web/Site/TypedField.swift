import HTTP
import Templating

/// A field of a form that cannot be shown again: what was typed into it, to be copied.
struct TypedField: Templated {
  let name: String
  let label: L
  let value: String
  let rows: Int

  static let keys = Keys<TypedField>()
    .text("name", \.name).text("label", \.label).text("value", \.value).text("rows", \.rows)

  /// Of the form that was posted.
  static func all(_ visit: Visit) throws -> [TypedField] {
    try visit.request.form.fields.pairs.compactMap { TypedField(name: $0.name, value: $0.value) }
  }

  /// Nil for what nobody typed.
  private init?(name: String, value: String) {
    guard !value.isEmpty, let label = Self.label(of: name) else { return nil }
    let lines = value.utf8.count { $0 == UInt8(ascii: "\n") } + 1
    self.name = name
    self.label = label
    self.value = value
    rows = lines == 1 ? 1 : min(lines + 1, 20)
  }

  /// The word of its form; nil for choices, passwords and what the form itself knew. A field that
  /// is not listed is shown all the same: better an odd label than a lost text.
  private static func label(of name: String) -> L? {
    switch name {
    case "type", "revision", "then", "to", "cc", "bcc", "owner", "stage", "resolution", "next",
      "content_sha256", "password", "was", "version", "other_revision", "restore", "phone_region",
      "seen", "with", "channel", "category", "fact", "language", "kind", "direction", "move",
      "lead",
      "all":
      nil
    case _ where name.utf8.first == UInt8(ascii: "_"): nil
    case "subject": L("Subject")
    case "content_md": L("Message")
    case "comment": L("Comment")
    case "reason": L("Reason")
    case "title": L("Title")
    case "description": L("Description")
    case "estimated_value": L("Estimated value")
    case "source": L("Source")
    case "first_name": L("First name")
    case "last_name": L("Last name")
    case "company": L("Company")
    case "email": L("E-mail")
    case "phone": L("Phone")
    case "text": L("Question")
    case "rationale": L("Why it matters")
    case "body": L("Text")
    case "tags": L("Tags")
    case "expected_close_date": L("Expected close")
    default: L(verbatim: name)
    }
  }
}
