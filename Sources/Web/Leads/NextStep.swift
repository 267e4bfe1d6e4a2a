import CRM
import Templating

/// What to do about a lead now, in one sentence and one button.
struct NextStep {
  let words: L
  let url: String?
  let action: L
  /// Writing is possible, but not the first thing to do.
  let isWritingApart: Bool

  init(
    _ lead: Lead, hasAddress: Bool, mayReceive: Bool, drafts: [DraftSummary], viewer: Viewer
  ) {
    let write = Links.newDraft(for: lead.id)
    guard viewer.may(.writeDrafts) else {
      self.init(
        lead.owner.map { L("\($0.name) works on this lead.") }
          ?? L("Nobody works on this lead yet."))
      return
    }
    if lead.suppression != nil {
      self.init(
        L("Nothing may be sent to this lead. Call, or wait until the reason no longer holds."))
    } else if hasAddress, !mayReceive {
      self.init(
        L("Nobody at this lead may be e-mailed. Call, or wait until the reason no longer holds."))
    } else if let draft = drafts.first(where: { $0.status == .draft }) {
      self.init(
        draft.comment == nil
          ? L("The draft “\(draft.subject)” is not submitted yet.")
          : L("A reviewer asked for changes in “\(draft.subject)”."),
        Links.editDraft(draft.id), L("Go on writing"), isWritingApart: true)
    } else if let draft = drafts.first(where: { $0.status == .underReview }) {
      self.init(
        L("“\(draft.subject)” waits for a reviewer."), Links.draft(draft.id), L("Look at it"),
        isWritingApart: true)
    } else if !hasAddress {
      self.init(
        L("No e-mail address is known. Add one, then write."),
        viewer.may(.writeLeads) ? "/leads/\(lead.id)/edit" : nil, L("Add an address"))
    } else if lead.isAwaitingReply, drafts.first?.status != .approved {
      self.init(L("They wrote and wait for an answer."), write, L("Answer"))
    } else if let draft = drafts.first, draft.status == .rejected {
      self.init(
        L("“\(draft.subject)” was rejected. Write again, or start its next version."),
        Links.draft(draft.id), L("Look at it"), isWritingApart: true)
    } else if let draft = drafts.first, draft.status == .approved {
      self.init(
        L("“\(draft.subject)” is approved and leaves as soon as it may."),
        Links.draft(draft.id), L("Look at it"), isWritingApart: true)
    } else if drafts.isEmpty {
      self.init(L("Nobody has written to this lead yet."), write, L("Write the first e-mail"))
    } else {
      self.init(
        L("The last e-mail was sent. Wait for the answer, or write again."),
        write, L("Write a follow-up"))
    }
  }

  private init(_ words: L, _ url: String? = nil, _ action: L? = nil, isWritingApart: Bool = false) {
    self.words = words
    self.url = url
    self.action = action ?? L("Look at it")
    self.isWritingApart = isWritingApart
  }
}
