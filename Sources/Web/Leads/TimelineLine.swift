import CRM
import Templating

/// One line of the timeline: a plain sentence, who, when, and where the evidence is.
struct TimelineLine: Templated {
  let summary: L
  let actorName: L
  let actorKind: L?
  let linkURL: String?
  let linkName: L
  let detail: String?
  let isStruck: Bool
  let moment: Moment

  init(_ activity: Activity, on lead: ID<Lead>, _ viewer: Viewer) {
    summary = activity.summary
    actorName = activity.actorName.map { L(verbatim: $0) } ?? L("CloserFlow")
    actorKind = activity.actorName == nil ? L("worker") : nil
    if let note = activity.note {
      linkURL = Links.note(note.id, on: lead)
      linkName = L("Note")
    } else if let operation = activity.operation {
      linkURL = Links.operation(operation)
      linkName = L("What changed")
    } else if let other = activity.other {
      linkURL = Links.lead(other)
      linkName = L("Lead")
    } else if let delivery = activity.delivery, viewer.may(.readOutbox) {
      linkURL = Links.delivery(delivery)
      linkName = L("Delivery")
    } else {
      linkURL = activity.draft.map { Links.draft($0) }
      linkName = L("Draft")
    }
    detail = activity.note?.body ?? activity.reason
    isStruck = activity.note?.struckReason != nil
    moment = Moment(activity.at, now: viewer.now)
  }

  static let keys = Keys<TimelineLine>()
    .text("summary", \.summary).text("actor_name", \.actorName).text("actor_kind", \.actorKind)
    .text("link_url", \.linkURL).text("link_name", \.linkName).text("detail", \.detail)
    .flag("struck", \.isStruck)
    .moment("happened") { $0.moment }
}

extension Activity {
  fileprivate var summary: L {
    let subject = subject ?? ""
    return switch kind {
    case .leadCreated: L("Lead captured.")
    case .leadUpdated:
      switch subject {
      case "tags": L("Tags changed.")
      case "contacts": L("The people of this lead changed.")
      case "primary_contact": L("Another person is the primary one.")
      case "is_test": L("Marked as a test, or no longer.")
      default: L("Lead edited.")
      }
    case .leadAssigned: L("Given to another owner.")
    case .messageReceived: L("Wrote to us.")
    case .leadMerged: L("Merged with “\(subject)”.")
    case .leadMergedAway: L("Merged into “\(subject)”.")
    case .operationUndone: L("A change to many leads was taken back.")
    case .stageChanged: L("Moved from \(Self.stage(from)) to \(Self.stage(to)).")
    case .outcomeChanged: L("\(Self.outcome(from)) → \(Self.outcome(to)).")
    case .contactStatusChanged:
      L("Contact status: \(Self.status(from)) → \(Self.status(to)).")
    case .takenOver: L("Taken over by hand: no automatic e-mail.")
    case .handedBack: L("Handed back to the automatic sends.")
    case .archived: L("Archived.")
    case .deleted: L("Deleted.")
    case .restored: L("Restored.")
    case .suppressed: L("All e-mail to this lead was stopped.")
    case .suppressionLifted: L("E-mail to this lead was allowed again.")
    case .draftCreated: L("Started “\(subject)”.")
    case .draftSubmitted: L("Submitted “\(subject)” for review.")
    case .draftWithdrawn: L("Withdrew “\(subject)” from review.")
    case .changesRequested: L("Asked for changes in “\(subject)”.")
    case .draftApproved: L("Approved “\(subject)”.")
    case .draftRejected: L("Rejected “\(subject)”.")
    case .draftCancelled: L("Cancelled “\(subject)” before it left.")
    case .draftSent: L("Sent “\(subject)”.")
    case .deliveryBlocked: L("“\(subject)” was held back by a rule.")
    case .deliveryDead: L("“\(subject)” could not be delivered.")
    case .deliveryUncertain: L("Nobody knows whether “\(subject)” arrived.")
    case .deliveryResolved: L("Settled the delivery of “\(subject)”.")
    case .noteAdded:
      note?.struckReason == nil ? L("Wrote a note.") : L("Wrote a note, struck out since.")
    case .noteStruck: L("Struck out a note.")
    case .followUpSet: L("To be followed up on \(to ?? "").")
    case .followUpDone: L("Followed up, or no longer to be.")
    case .dncAdded: L("Nobody contacts \(subject) any more.")
    case .dncRemoved: L("\(subject) may be contacted again.")
    case .related: L("Related to “\(subject)”.")
    case .unrelated: L("No longer related to “\(subject)”.")
    case .questionsGenerated:
      L.plural(Int(subject) ?? 0, "\(subject) question proposed.", "\(subject) questions proposed.")
    case .questionAdded: L("Added the question “\(subject)”.")
    case .questionDismissed: L("Dismissed the question “\(subject)”.")
    case .answerRecorded: L("Recorded an answer to “\(subject)”.")
    }
  }

  private static func outcome(_ code: String?) -> L {
    (code.flatMap(Lead.Outcome.init) ?? .open).words
  }

  private static func status(_ code: String?) -> L {
    (code.flatMap(Lead.ContactStatus.init) ?? .new).words
  }

  private static func stage(_ code: String?) -> L {
    code.flatMap(Lead.Stage.init)?.words ?? L("New")
  }
}
