import CRM
import HTTP
import Templating

struct NewDraftPage: Page {
  let desk: Desk
  let lead: Lead
  let form: DraftForm

  static let template = "drafts/new"
  static let keys = Keys<NewDraftPage>().include(\.desk).include(\.form)
    .text("lead_id") { $0.lead.id.description }.text("lead_title", \.lead.title)
    .text("type") { _ in Draft.Kind.followupEmail.rawValue }
    .flag("suppressed") { $0.lead.suppression != nil }
    .text("suppressed_reason") { $0.lead.suppression?.reason ?? "" }
}

struct EditDraftPage: Page {
  let desk: Desk
  let draft: Draft
  let form: DraftForm
  let letter: Letter
  /// What a reviewer asked for, where one did.
  let request: Approval?
  let isConflict: Bool

  private var difference: [DiffLine] {
    isConflict ? LineDiff.between(draft.contentMarkdown, form.content.typed).map(DiffLine.init) : []
  }

  static let template = "drafts/edit"
  static let keys = Keys<EditDraftPage>().include(\.desk).include(\.form).include(\.letter)
    .text("draft_id") { $0.draft.id.description }.text("lead_id") { $0.draft.lead.description }
    .text("lead_title", \.draft.leadTitle)
    .text("saved_subject") { $0.draft.subject.isEmpty ? "–" : $0.draft.subject }
    .text("revision", \.draft.revision)
    .flag("suppressed") { $0.draft.suppressedReason != nil }
    .text("suppressed_reason") { $0.draft.suppressedReason ?? "" }
    .text("change_request") { $0.request?.comment }
    .text("reviewer_name") { $0.request?.reviewerName ?? "" }
    .flag("conflict", \.isConflict).text("conflict_by", \.draft.lastEditor.name)
    .text("conflict_when") { SaidTime(time: $0.draft.updatedAt, now: $0.desk.viewer.now) }
    .text("conflict_exact") { ExactTime(time: $0.draft.updatedAt) }
    .text("conflict_iso") { ISOTime(time: $0.draft.updatedAt) }
    .flag("has_diff") { !$0.difference.isEmpty }.list("diff") { $0.difference }
}
