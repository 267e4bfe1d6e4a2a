import CRM
import HTTP
import Templating

/// The small forms of the record page: a move, and stopping or allowing e-mail.
struct LeadRecordForm {
  var stage = Field<Lead.Stage, L>()
  var reason = Field<String?, L>()
  var suppressionReason = Field<String, L>()
  private(set) var isMove = false
  private(set) var isSuppression = false

  init() {}

  init(moving posted: PostedForm) throws {
    isMove = true
    stage = try posted.choice("stage", orElse: L("Choose a stage."))
    reason = try posted.optionalText(
      "reason", max: 500, orElse: L("Use ordinary characters on one line."))
  }

  init(suppressing posted: PostedForm) throws {
    isSuppression = true
    suppressionReason = try posted.text(
      "reason", max: 500, orElse: L("Say why, for those who come after you."))
  }

  mutating func explain(_ refusal: Lead.Refusal) {
    switch refusal {
    case .alreadyThere: stage.error = L("The lead is already there.")
    case .reasonNeeded: reason.error = L("Say why the lead moves back.")
    case .alreadySuppressed: suppressionReason.error = L("E-mail to this lead is already stopped.")
    case .notSuppressed: suppressionReason.error = L("E-mail to this lead is already allowed.")
    case .emailAlreadyKnown, .phoneAlreadyKnown, .ownerUnknown, .contactEmptied, .changedMeanwhile:
      stage.error = L("Somebody was quicker. Look again, then decide.")
    }
  }

  var errors: [FieldProblem] {
    FormErrors([
      ("stage", stage.error), ("reason", reason.error),
      ("suppression_reason", suppressionReason.error),
    ]).problems
  }
}
