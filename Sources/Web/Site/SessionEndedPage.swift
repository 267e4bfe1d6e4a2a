import HTTP
import Templating

/// A form was posted after the session had ended: everything typed is shown, so that nothing is lost.
struct SessionEndedPage: Page {
  let frame: PlainFrame
  let signInURL: String
  let fields: [TypedField]

  init(_ visit: Visit) throws {
    frame = PlainFrame(visit.shared, language: visit.preferredLanguage, requestID: visit.request.id)
    signInURL = Links.signIn(next: nil)
    fields = try TypedField.all(visit)
  }

  static let template = "errors/session_ended"
  static let keys = Keys<SessionEndedPage>().include(\.frame)
    .text("sign_in_url", \.signInURL).flag("has_fields") { !$0.fields.isEmpty }
    .list("fields", \.fields)
}
