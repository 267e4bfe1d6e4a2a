import CRM
import Templating

/// What just happened, told on the page that a post leads to: `?said=lead-created`.
enum Notice: String, Sendable {
  case leadCreated = "lead-created"
  case leadSaved = "lead-saved"
  case leadMoved = "lead-moved"
  case cardMovedOn = "card-moved-on"
  case leadSuppressed = "lead-suppressed"
  case suppressionLifted = "suppression-lifted"
  case leadArchived = "lead-archived"
  case leadDeleted = "lead-deleted"
  case leadRestored = "lead-restored"
  case exportTooLong = "export-too-long"
  case importMovedOn = "import-moved-on"
  case importDiscarded = "import-discarded"
  case importHasAPage = "import-has-a-page"
  case segmentSaved = "segment-saved"
  case segmentCounted = "segment-counted"
  case segmentDeleted = "segment-deleted"
  case permissionTaken = "permission-taken"
  case permissionGiven = "permission-given"
  case noteAdded = "note-added"
  case noteStruck = "note-struck"
  case related, unrelated
  case draftSaved = "draft-saved"
  case draftSubmitted = "draft-submitted"
  case draftWithdrawn = "draft-withdrawn"
  case draftCancelled = "draft-cancelled"
  case versionStarted = "version-started"
  case approved, rejected
  case changesRequested = "changes-requested"
  case deliveryResolved = "delivery-resolved"
  case questionAdded = "question-added"
  case questionSaved = "question-saved"
  case questionAsked = "question-asked"
  case questionDismissed = "question-dismissed"
  case questionRestored = "question-restored"
  case questionsFound = "questions-found"
  case answerRecorded = "answer-recorded"
  case settingSaved = "setting-saved"
  case signedOut = "signed-out"

  var words: L {
    switch self {
    case .leadCreated: L("The lead is captured.")
    case .leadSaved: L("Saved.")
    case .leadMoved: L("The lead has moved.")
    case .cardMovedOn:
      L("Something happened to that card meanwhile, so nothing was moved.")
    case .leadSuppressed: L("No e-mail goes to this lead any more.")
    case .suppressionLifted: L("E-mail may go to this lead again.")
    case .leadArchived: L("Archived. It is out of the lists.")
    case .leadDeleted: L("Deleted. It can be restored here.")
    case .leadRestored: L("Restored. It is in the lists again.")
    case .exportTooLong:
      L("More than 50,000 leads do not fit in one file. Narrow the list first.")
    case .importDiscarded: L("The file is discarded.")
    case .importMovedOn:
      L("The import had moved on meanwhile, so nothing was done. This is where it stands.")
    case .importHasAPage: L("An import is taken back here, on its own page.")
    case .segmentSaved: L("Saved. It stands in your segments.")
    case .segmentCounted: L("Counted again.")
    case .segmentDeleted: L("The segment is gone. Its leads are not.")
    case .permissionTaken: L("Noted. Nobody uses this address or number any more.")
    case .permissionGiven: L("Noted. It may be used again.")
    case .noteAdded: L("The note is on the timeline.")
    case .noteStruck: L("The note is struck out.")
    case .related: L("The relationship is noted at both leads.")
    case .unrelated: L("The relationship is removed.")
    case .draftSaved: L("Saved. Nothing is sent.")
    case .draftSubmitted: L("Submitted. A reviewer decides now.")
    case .draftWithdrawn: L("Withdrawn from review. You can edit it again.")
    case .draftCancelled: L("Cancelled. It will not be sent.")
    case .versionStarted: L("A new version is on your desk.")
    case .approved: L("Approved. It leaves as soon as the rules allow it.")
    case .rejected: L("Rejected. The author can read why.")
    case .changesRequested: L("Sent back. The author can read what to change.")
    case .deliveryResolved: L("Noted. The delivery is settled.")
    case .questionAdded: L("The question is on the list.")
    case .questionSaved: L("The question is saved.")
    case .questionAsked: L("Noted. The answer is awaited.")
    case .questionDismissed: L("Dismissed. It can be put back below.")
    case .questionRestored: L("The question is back on the list.")
    case .questionsFound: L("There are new questions.")
    case .answerRecorded: L("The answer is recorded.")
    case .settingSaved: L("The setting is saved.")
    case .signedOut: L("You are signed out.")
    }
  }

  var tone: Tone {
    switch self {
    case .exportTooLong, .cardMovedOn, .importMovedOn, .importHasAPage: .look
    default: .fine
    }
  }
}
