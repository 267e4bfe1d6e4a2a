import CRM
import HTTP
import Templating

extension L: FieldMessage {
  package static func tooLong(limit: Int) -> L { L("At most \(limit) characters fit here.") }
  package static var oddLine: L { L("Use ordinary characters on one line.") }
}

/// One line of the summary above a form: which field, and what is wrong.
struct FieldProblem: Templated {
  let field: String
  let message: L

  static let keys = Keys<FieldProblem>().text("field", \.field).text("message", \.message)
}

/// What stands above a form that came back.
struct FormErrors: Templated {
  let problems: [FieldProblem]

  static let none = FormErrors([])

  init(_ fields: [(name: String, error: L?)]) {
    problems = fields.compactMap { field in
      field.error.map { FieldProblem(field: field.name, message: $0) }
    }
  }

  static let keys = Keys<FormErrors>()
    .flag("has_errors") { !$0.problems.isEmpty }.list("errors", \.problems)
}
