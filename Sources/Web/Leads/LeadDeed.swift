import CRM
import HTTP
import Postgres
import Templating

/// What can be done to a lead besides editing it: each a small form on the record page, and a post to
/// `/leads/{id}/` and its name.
enum LeadDeed: String, CaseIterable, Sendable {
  case stage, outcome
  case assignment
  case contactStatus = "contact-status"
  case tags
  case contacts
  case answer
  case followUp = "follow-up"
  case followUpRemoval = "follow-up-removal"
  case takeOver = "take-over"
  case handBack = "take-over-removal"
  case suppression
  case suppressionRemoval = "suppression-removal"
  case testMark = "test-mark"
  case testMarkRemoval = "test-mark-removal"
  case archive, restoration, deletion

  /// What its form asks.
  enum Question {
    case stage, outcome, value, client, contactStatus, tags, why, reason
    case firstName, lastName, email, phone, role, day, owner
  }

  var questions: [Question] {
    switch self {
    case .stage: [.stage, .why]
    case .outcome: [.outcome, .value, .client, .why]
    case .assignment: [.owner, .why]
    case .answer: [.why]
    case .contactStatus: [.contactStatus, .why]
    case .tags: [.tags]
    case .contacts: [.firstName, .lastName, .email, .phone, .role]
    case .followUp: [.day]
    case .takeOver, .handBack, .suppression, .suppressionRemoval: [.reason]
    case .followUpRemoval, .testMark, .testMarkRemoval, .archive, .restoration, .deletion: []
    }
  }

  /// Where on the page: beside the ladder, with who it is, with what was said, with what comes next, or with
  /// what one can do.
  enum Place { case ladder, identity, people, conversation, nextStep, margin }

  var place: Place {
    switch self {
    case .stage, .outcome: .ladder
    case .assignment, .contactStatus, .tags: .identity
    case .contacts: .people
    case .answer: .conversation
    case .followUp, .followUpRemoval: .nextStep
    default: .margin
    }
  }

  /// The part of the record that its form stands on.
  var tab: LeadTab { place == .conversation ? .conversation : .timeline }

  func isOffered(for lead: Lead) -> Bool {
    guard lead.life != .deleted else { return self == .restoration && lead.mergedInto == nil }
    return switch self {
    case .stage: lead.outcome == .open
    case .outcome, .assignment, .contactStatus, .tags, .contacts, .followUp, .deletion: true
    case .answer: lead.isAwaitingReply
    case .followUpRemoval: lead.nextFollowUp != nil
    case .takeOver: lead.takeOver == nil
    case .handBack: lead.takeOver != nil
    case .suppression: lead.suppression == nil
    case .suppressionRemoval: lead.suppression != nil
    case .testMark: !lead.isTest
    case .testMarkRemoval: lead.isTest
    case .archive: lead.life == .active
    case .restoration: lead.life != .active
    }
  }

  /// What its form is about, as the lead stands: the form takes it along, so that what somebody else
  /// changed meanwhile is not overwritten. Nil where the deed is about nothing that could be another.
  func standing(of lead: Lead) -> String? {
    switch self {
    case .stage: lead.stage.rawValue
    case .outcome: lead.outcome.rawValue
    case .assignment: lead.owner?.id.description ?? ""
    case .contactStatus: lead.contactStatus.rawValue
    case .tags: lead.tags.joined(separator: " ")
    case .followUp, .followUpRemoval: lead.nextFollowUp.map { Day(of: $0).text } ?? ""
    default: nil
    }
  }

  /// The lead is not as the form showed it.
  struct Overtaken: Error {
    let lead: Lead
  }

  /// Carries it out on the lead; `form` is complete.
  func carryOut(_ form: LeadDeedForm, on id: ID<Lead>, in tx: Transaction<some Entry>) throws {
    if self == .contacts {
      try Lead.add(form.person, as: form.role.value ?? nil, to: id, in: tx)
    } else {
      try Lead.change(id, evenDeleted: self == .restoration, in: tx) { lead in
        try act(form, on: lead, in: tx)
      }
    }
  }

  /// The same where the lead, locked, is all that has to be looked at. Tags that others changed meanwhile stay as
  /// they made them; of anything else there is one, and somebody has to decide.
  private func act(_ form: LeadDeedForm, on lead: Lead, in tx: Transaction<some Entry>) throws {
    let reason = form.reason.value ?? nil
    if self != .tags, let was = form.was, was != standing(of: lead) { throw Overtaken(lead: lead) }
    switch self {
    case .stage:
      guard let stage = form.stage.value else { return }
      try lead.move(to: stage, reason: reason, in: tx)
    case .outcome:
      guard let outcome = form.outcome.value else { return }
      try lead.conclude(
        as: outcome, reason: reason, value: form.value.value ?? nil,
        client: (form.client.value ?? nil) ?? lead.company, in: tx)
    case .assignment:
      try lead.assign(to: form.owner.value ?? nil, reason: reason, in: tx)
    case .contactStatus:
      guard let status = form.contactStatus.value else { return }
      try lead.setContactStatus(to: status, reason: reason, in: tx)
    case .tags:
      guard let tags = form.tags.value else { return }
      try lead.retag(tags, seen: form.was.map(Tags.read) ?? lead.tags, in: tx)
    case .contacts: preconditionFailure("who is added is looked for first")
    case .answer: try lead.markAnswered(reason: reason, in: tx)
    case .followUp: try lead.followUp(on: form.day.value, in: tx)
    case .followUpRemoval: try lead.followUp(on: nil, in: tx)
    case .takeOver: try lead.stop(.takeOver, reason: reason ?? "", in: tx)
    case .handBack: try lead.allow(.takeOver, reason: reason ?? "", in: tx)
    case .suppression: try lead.stop(.suppression, reason: reason ?? "", in: tx)
    case .suppressionRemoval: try lead.allow(.suppression, reason: reason ?? "", in: tx)
    case .testMark: try lead.mark(asTest: true, in: tx)
    case .testMarkRemoval: try lead.mark(asTest: false, in: tx)
    case .archive: try lead.settle(into: .archived, in: tx)
    case .restoration: try lead.settle(into: .active, in: tx)
    case .deletion: try lead.settle(into: .deleted, in: tx)
    }
  }
}

// MARK: - Words

extension LeadDeed {
  /// What it is about, as people say it.
  func standingWords(of lead: Lead) -> L {
    switch self {
    case .stage: lead.stage.words
    case .outcome: lead.outcome.words
    case .assignment: lead.owner.map { L(verbatim: $0.name) } ?? L("Nobody yet")
    case .contactStatus: lead.contactStatus.words
    case .followUp, .followUpRemoval:
      lead.nextFollowUp.map { L(verbatim: Day(of: $0).text) } ?? L("No day")
    default: L(verbatim: "–")
    }
  }

  var summary: L {
    switch self {
    case .stage: L("Another stage")
    case .outcome: L("Close or put on hold")
    case .assignment: L("Give to somebody else")
    case .contactStatus: L("Change the contact status")
    case .tags: L("Change the tags")
    case .contacts: L("Add a person")
    case .answer: L("Answered otherwise")
    case .followUp: L("Follow up on a day")
    case .followUpRemoval: L("The follow-up is done")
    case .takeOver: L("Take over by hand")
    case .handBack: L("Hand back to the automatic sends")
    case .suppression: L("Stop all e-mail to this lead")
    case .suppressionRemoval: L("Allow e-mail again")
    case .testMark: L("Mark as a test")
    case .testMarkRemoval: L("Not a test after all")
    case .archive: L("Archive")
    case .restoration: L("Restore")
    case .deletion: L("Delete")
    }
  }

  var hint: L? {
    switch self {
    case .takeOver: L("No automatic e-mail goes out. What people write still does, after approval.")
    case .contacts:
      L("Somebody you already know is found by address or number, and keeps their name.")
    case .answer: L("By telephone, say. They are no longer shown as waiting for an answer.")
    case .suppression: L("Approved e-mails that have not left are stopped as well.")
    case .testMark: L("It stays in the lists, and counts in no total.")
    case .archive: L("It leaves the lists. Nothing is lost; it can be restored.")
    case .deletion: L("It is gone from all lists and can only be restored.")
    default: nil
    }
  }

  var button: L {
    switch self {
    case .stage: L("Move")
    case .assignment: L("Give")
    case .outcome, .contactStatus, .tags: L("Save")
    case .contacts: L("Add this person")
    case .answer: L("They have their answer")
    case .followUp: L("Remember")
    case .followUpRemoval: L("Take it off the list")
    case .takeOver: L("Take over")
    case .handBack: L("Hand back")
    case .suppression: L("Stop all e-mail")
    case .suppressionRemoval: L("Allow e-mail again")
    case .testMark: L("Mark as a test")
    case .testMarkRemoval: L("Remove the mark")
    case .archive: L("Archive this lead")
    case .restoration: L("Restore this lead")
    case .deletion: L("Delete this lead")
    }
  }

  var isDangerous: Bool { self == .suppression || self == .deletion }

  var notice: Notice {
    switch self {
    case .stage: .leadMoved
    case .suppression: .leadSuppressed
    case .suppressionRemoval: .suppressionLifted
    case .archive: .leadArchived
    case .deletion: .leadDeleted
    case .restoration: .leadRestored
    default: .leadSaved
    }
  }
}
