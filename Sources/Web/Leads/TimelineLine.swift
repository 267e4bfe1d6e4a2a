import CRM
import Templating

/// One line of the timeline: a plain sentence, who, when, and where the evidence is.
struct TimelineLine: Templated {
  let summary: L
  let actorName: L
  let actorKind: L?
  let linkURL: String
  let linkName: L
  let value: MoneyText?
  let client: String?
  let detail: String?
  let isStruck: Bool
  let moment: Moment

  init(_ activity: Activity, on lead: ID<Lead>, _ viewer: Viewer) {
    summary = activity.summary
    actorName = activity.actorName.map { L(verbatim: $0) } ?? L("CloserFlow")
    actorKind = activity.actorName == nil ? L("worker") : nil
    (linkURL, linkName) = activity.evidence(on: lead, viewer)
    value = activity.value.map { MoneyText(money: $0, currency: viewer.currency) }
    client = activity.client
    detail = activity.detail
    isStruck = activity.kind == .noteAdded && activity.note?.struckReason != nil
    moment = Moment(activity.at, now: viewer.now)
  }

  static let keys = Keys<TimelineLine>()
    .text("summary", \.summary).text("actor_name", \.actorName).text("actor_kind", \.actorKind)
    .text("link_url", \.linkURL).text("link_name", \.linkName)
    .text("value", \.value).text("client", \.client).text("detail", \.detail)
    .flag("struck", \.isStruck)
    .moment("happened") { $0.moment }
}

extension Activity {
  /// Where one sees it: the thing itself, else the lead's history.
  fileprivate func evidence(on lead: ID<Lead>, _ viewer: Viewer) -> (url: String, name: L) {
    if let note { return (Links.note(note.id, on: lead), L("Note")) }
    if let operation {
      return (Links.operation(operation), kind == .leadCreated ? L("Import") : L("What changed"))
    }
    if let other { return (Links.lead(other), L("Lead")) }
    if let delivery, viewer.may(.readOutbox) { return (Links.delivery(delivery), L("Delivery")) }
    if let draft { return (Links.draft(draft), L("Draft")) }
    if let question { return (Links.question(question), L("Question")) }
    let tab: LeadTab =
      switch kind {
      case .messageReceived, .answeredOtherwise: .conversation
      case .questionsGenerated: .discovery
      default: .history
      }
    return (tab.url(lead), tab.words)
  }

  /// Words of somebody, under the sentence.
  fileprivate var detail: String? {
    switch kind {
    case .noteAdded: note?.body
    case .messageReceived: message
    // There it is part of the sentence.
    case .leadAssigned where strategy != .manual: nil
    default: reason
    }
  }

  /// Whom a note told, and which of its names are nobody's.
  private var noteWritten: L {
    guard note?.struckReason == nil else { return L("Wrote a note, struck out since.") }
    return switch (subject, reason) {
    case (nil, nil): L("Wrote a note.")
    case (let told?, nil): L("Wrote a note and told \(told).")
    case (nil, let unclear?):
      L("Wrote a note. Nobody was told at “\(unclear)”: it is no colleague’s name, or several’.")
    case (let told?, let unclear?):
      L(
        "Wrote a note and told \(told). Nobody was told at “\(unclear)”: it is no colleague’s name, or several’."
      )
    }
  }

  fileprivate var summary: L {
    let subject = subject ?? ""
    return switch kind {
    case .leadCreated:
      if operation != nil {
        L("Lead imported from a file.")
      } else if subject.isEmpty {
        L("Lead captured.")
      } else {
        L("Lead captured from “\(subject)”.")
      }
    case .leadUpdated:
      switch subject {
      case "tags": L("Tags changed.")
      case "contacts": L("The people of this lead changed.")
      case "primary_contact": L("Another person is the primary one.")
      case "is_test": L("Marked as a test, or no longer.")
      default: L("Edited: \(fields).")
      }
    case .leadAssigned: assignment
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
    case .noteAdded: noteWritten
    case .noteStruck: L("Struck out a note.")
    case .followUpSet: L("To be followed up on \(to ?? "").")
    case .followUpDone: L("Followed up, or no longer to be.")
    case .answeredOtherwise: L("Answered them otherwise.")
    case .dncAdded: L("Nobody contacts \(subject) any more.")
    case .dncRemoved: L("\(subject) may be contacted again.")
    case .related: L("Related to “\(subject)”.")
    case .unrelated: L("No longer related to “\(subject)”.")
    case .questionsGenerated:
      L.plural(
        Int(subject) ?? 0, "\(subject) question proposed by \(proposer).",
        "\(subject) questions proposed by \(proposer).")
    case .questionAdded: L("Added the question “\(subject)”.")
    case .questionDismissed: L("Dismissed the question “\(subject)”.")
    case .answerRecorded: L("Recorded an answer to “\(subject)”.")
    }
  }

  /// The fields that were edited, by their names in the audit log.
  private var fields: L {
    let names = (subject ?? "").utf8.split(separator: UInt8(ascii: " ")).map {
      LeadField(String(decoding: $0, as: UTF8.self)).words
    }
    guard let first = names.first else { return L("nothing") }
    return names.dropFirst().reduce(first) { L("\($0), \($1)") }
  }

  private var assignment: L {
    guard let owner else { return L("Taken from its owner.") }
    return switch strategy {
    case nil, .manual: L("Given to \(owner).")
    case .roundRobin: L("Given to \(owner), whose turn it was.")
    case .leastLoaded: L("Given to \(owner), who had the fewest open leads: \(reason ?? "0").")
    case .bySource: L("Given to \(owner), who takes the leads from “\(reason ?? "")”.")
    }
  }

  private var proposer: L {
    switch origin {
    case .ai: model.map { L(verbatim: $0) } ?? L("the assistant")
    case .playbook, .human, nil: L("the playbook")
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
