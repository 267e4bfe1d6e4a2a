import CRM
import HTTP
import HTTPTypes
import Secrets
import Templating

/// Looking at a draft.
enum DraftPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/drafts/{id}", .may(.readLeads), show)
  }

  private static func show(_ visit: Visit) throws -> Response {
    try show(visit, id: try visit.id(Draft.self), cancellation: nil)
  }

  /// `cancellation` is the form to cancel that came back; its reason and what is wrong.
  static func show(
    _ visit: Visit, id: ID<Draft>, cancellation: Field<String, L>?
  ) throws -> Response {
    let (desk, draft, recipients, sender, versions, decisions, deliveries) = try visit.read(
      Draft.find(id), Recipient.all(of: id), Sender.ofTenant, DraftSummary.versions(with: id),
      Approval.all(ofDocumentWith: id), DeliverySummary.all(of: id))
    guard let draft else { throw NotFound() }
    let page = DraftPage(
      desk: desk, draft: draft,
      letter: try Letter(draft, recipients: recipients, sender: sender),
      versions: versions.map { VersionLine($0, current: id, now: desk.viewer.now) },
      decisions: decisions.map { DecisionLine($0, now: desk.viewer.now) },
      deliveries: deliveries, cancellation: cancellation, requestedBy: draft.sentBackBy(decisions))
    return try visit.page(page, desk, status: cancellation == nil ? .ok : .unprocessableContent)
  }
}

struct DraftPage: Page {
  let desk: Desk
  let draft: Draft
  let letter: Letter
  let versions: [VersionLine]
  let decisions: [DecisionLine]
  let deliveries: [DeliverySummary]
  let cancellation: Field<String, L>?
  /// Who sent it back to the desk, while it lies there.
  let requestedBy: String?

  private var mayWrite: Bool { desk.viewer.may(.writeDrafts) }
  private var mayEdit: Bool { mayWrite && draft.status == .draft }
  private var mayWithdraw: Bool { mayWrite && draft.isMine && draft.status == .underReview }
  private var mayCancel: Bool { mayWrite && draft.status == .approved }
  private var mayReview: Bool {
    desk.viewer.may(.review) && draft.status == .underReview && !draft.isWritten(by: desk.viewer.id)
  }
  /// A new version follows an end, when no later one is being written.
  private var mayMakeVersion: Bool {
    mayWrite && draft.status.isFrozen
      && !versions.contains { [.draft, .underReview].contains($0.status) }
  }

  private var hash: String? { draft.contentHash.map { $0.hex } }

  static let template = "drafts/show"
  static let keys = Keys<DraftPage>().include(\.desk).include(\.letter)
    .text("draft_id") { $0.draft.id.description }.text("lead_id") { $0.draft.lead.description }
    .text("lead_title", \.draft.leadTitle).text("type_name") { $0.draft.type.words }
    .text("status_name") { $0.draft.status.words }.text("status_tone") { $0.draft.status.tone }
    .text("status_explained") { page in
      page.requestedBy.map { L("\($0) asked for changes.") } ?? page.draft.status.explained
    }
    .flag("sent_back") { $0.requestedBy != nil }
    .flag("version_first") { $0.draft.status == .rejected }
    .flag("may_write_again") { $0.mayWrite && $0.draft.status == .sent }
    .text("revision", \.draft.revision).text("author_name", \.draft.author.name)
    .text("last_editor_name", \.draft.lastEditor.name)
    .moment("changed") { Moment($0.draft.updatedAt, now: $0.desk.viewer.now) }
    .text("content_sha256") { $0.hash ?? "" }
    .text("content_hash_short") { $0.hash.map { String($0.prefix(12)) } }
    .flag("has_actions") {
      $0.mayEdit || $0.mayWithdraw || $0.mayCancel || $0.mayReview || $0.mayMakeVersion
    }
    .flag("may_edit") { $0.mayEdit }.flag("may_submit") { $0.mayEdit && $0.draft.isMine }
    .flag("may_withdraw") { $0.mayWithdraw }.flag("may_make_version") { $0.mayMakeVersion }
    .flag("may_cancel") { $0.mayCancel }.flag("may_review") { $0.mayReview }
    .text("next_version") { ($0.versions.map(\.version).max() ?? 0) + 1 }
    .flag("cancel_open") { $0.cancellation != nil }
    .text("reason") { $0.cancellation?.typed ?? "" }
    .text("reason_error") { $0.cancellation?.error }
    .flag("has_errors") { $0.cancellation?.error != nil }
    .list("errors") { FormErrors([("reason", $0.cancellation?.error)]).problems }
    .flag("has_decisions") { !$0.decisions.isEmpty }.list("decisions", \.decisions)
    .list("versions", \.versions)
    .flag("has_deliveries") { !$0.deliveries.isEmpty }
    .list("deliveries") { page in
      page.deliveries.map { DeliveryLine(delivery: $0, isOpen: page.desk.viewer.may(.readOutbox)) }
    }
}

extension Draft {
  fileprivate func sentBackBy(_ decisions: [Approval]) -> String? {
    guard status == .draft, let last = decisions.first, last.draft == id,
      last.decision == .changesRequested
    else { return nil }
    return last.reviewerName
  }
}

struct VersionLine: Templated {
  let id: String
  let version: Int
  let status: Draft.Status
  let isCurrent: Bool
  let changed: Moment

  init(_ draft: DraftSummary, current: ID<Draft>, now: Timestamp) {
    id = draft.id.description
    version = draft.version
    status = draft.status
    isCurrent = draft.id == current
    changed = Moment(draft.updatedAt, now: now)
  }

  static let keys = Keys<VersionLine>()
    .text("version_id", \.id).text("version", \.version).flag("current", \.isCurrent)
    .text("status_name") { $0.status.words }.text("status_tone") { $0.status.tone }
    .moment("changed") { $0.changed }
}

struct DecisionLine: Templated {
  let approval: Approval
  let decided: Moment

  init(_ approval: Approval, now: Timestamp) {
    self.approval = approval
    decided = Moment(approval.at, now: now)
  }

  static let keys = Keys<DecisionLine>()
    .text("decision_name") { $0.approval.decision.words }
    .text("decision_tone") { $0.approval.decision.tone }
    .text("reviewer_name", \.approval.reviewerName).text("version", \.approval.version)
    .text("comment", \.approval.comment).moment("decided") { $0.decided }
}

struct DeliveryLine: Templated {
  let delivery: DeliverySummary
  /// The viewer may look into the outbox.
  let isOpen: Bool

  static let keys = Keys<DeliveryLine>()
    .flag("open", \.isOpen)
    .text("delivery_id") { $0.delivery.id.description }.text("recipient", \.delivery.recipient)
    .text("state_name") { $0.delivery.state.words }.text("state_tone") { $0.delivery.state.tone }
}

extension [UInt8] {
  /// Two lower-case digits a byte.
  var hex: String { Hex.encode(self) }
}
