import HTTP
import Templating

/// A form was posted after the session had ended: everything typed is shown, so that nothing is lost.
struct SessionEndedPage: Page {
  let frame: PlainFrame
  let signInURL: String
  let fields: [TypedField]

  struct TypedField: Templated {
    let name: String
    let value: String
    let rows: Int

    static let keys = Keys<TypedField>()
      .text("name", \.name).text("label", \.name).text("value", \.value).text("rows", \.rows)
  }

  init(_ visit: Visit) throws {
    frame = PlainFrame(visit.shared, language: visit.preferredLanguage, requestID: visit.request.id)
    signInURL = Links.signIn(next: nil)
    // Hidden fields, whose names begin with "_", and passwords are nobody's typing to keep.
    fields = try visit.request.form.fields.pairs
      .filter {
        !$0.value.isEmpty && $0.name.utf8.first != UInt8(ascii: "_") && $0.name != "password"
      }
      .map { pair in
        let lines = pair.value.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        return TypedField(name: pair.name, value: pair.value, rows: min(lines + 1, 20))
      }
  }

  static let template = "errors/session_ended"
  static let keys = Keys<SessionEndedPage>().include(\.frame)
    .text("sign_in_url", \.signInURL).flag("has_fields") { !$0.fields.isEmpty }
    .list("fields", \.fields)
}
