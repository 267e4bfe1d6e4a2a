import CRM
import Templating

/// The 409 of a decision: the draft is not what the reviewer saw. Nothing was decided.
struct ReviewChangedPage: Page {
  let desk: Desk
  let draft: Draft
  let current: Manifest
  let difference: ContentDifference
  let decision: Approval?
  let comment: String

  init(
    desk: Desk, draft: Draft, seen: Manifest?, current: Manifest, decision: Approval?,
    comment: String
  ) {
    self.desk = desk
    self.draft = draft
    self.current = current
    difference = seen.map { ContentDifference(from: $0, to: current) } ?? ContentDifference()
    self.decision = decision
    self.comment = comment
  }

  private var isDecided: Bool { [.approved, .rejected, .sent].contains(draft.status) }
  private var isWaiting: Bool { draft.status == .underReview }

  static let template = "review/changed"
  static let keys = Keys<ReviewChangedPage>().include(\.desk).include(\.difference)
    .text("draft_id") { $0.draft.id.description }.text("lead_id") { $0.draft.lead.description }
    .text("lead_title", \.draft.leadTitle).text("subject", \.current.subject)
    .flag("content_changed") { $0.isWaiting }.flag("already_decided") { $0.isDecided }
    .flag("withdrawn") { $0.draft.status == .draft }
    .text("changed_by", \.draft.lastEditor.name)
    .moment("changed") { Moment($0.draft.updatedAt, now: $0.desk.viewer.now) }
    .text("decision_name") { ($0.decision?.decision ?? .rejected).words }
    .text("decision_tone") { ($0.decision?.decision ?? .rejected).tone }
    .text("decided_by") { $0.decision?.reviewerName ?? $0.draft.lastEditor.name }
    .moment("decided") { Moment($0.decision?.at ?? $0.draft.updatedAt, now: $0.desk.viewer.now) }
    .text("decision_comment") { $0.decision?.comment }.text("comment", \.comment)
}
