import CRM
import HTTP
import Templating

/// Says what a person is to a lead.
struct RoleForm {
  static let max = 60

  let contact: ID<Contact>
  /// What was saved when the form was shown.
  private(set) var was: String
  var role = Field<String?, L>()
  /// What is saved as the form arrives.
  var saved = ""
  private(set) var isOvertaken = false

  init(_ person: Contact) {
    contact = person.id
    was = person.role ?? ""
    role.typed = was
  }

  init(_ contact: ID<Contact>, _ posted: PostedForm) throws {
    self.contact = contact
    was = try posted.value("was") ?? ""
    role = try posted.optionalText("role", max: Self.max)
  }

  mutating func explainConflict() {
    isOvertaken = true
    was = saved
    role.error =
      saved.isEmpty
      ? L("Somebody was quicker: nothing is saved now. Save again to put yours in its place.")
      : L("Somebody was quicker: “\(saved)” is saved now. Save again to put yours in its place.")
  }

  /// Of its input.
  var id: String { "role-\(contact)" }

  var problems: [FieldProblem] { FormErrors([(name: id, error: role.error)]).problems }
}
