import CRM
import Templating

struct DraftLine: Templated {
  let id: String
  let subject: String
  let status: Draft.Status
  let authorName: String
  let version: Int
  let changed: Moment
  let leadTitle: String
  let comment: String?

  init(_ draft: DraftSummary, now: Timestamp) {
    id = draft.id.description
    subject = draft.subject.isEmpty ? "–" : draft.subject
    status = draft.status
    authorName = draft.authorName
    version = draft.version
    changed = Moment(draft.updatedAt, now: now)
    leadTitle = draft.leadTitle
    comment = draft.comment
  }

  static let keys = Keys<DraftLine>()
    .text("draft_id", \.id).text("subject", \.subject)
    .text("status_name") { $0.status.words }.text("status_tone") { $0.status.tone }
    .text("author_name", \.authorName).text("version", \.version)
    .text("lead_title", \.leadTitle)
    .text("comment") { [.draft, .rejected].contains($0.status) ? $0.comment : nil }
    .text("url") { $0.status == .draft ? "/drafts/\($0.id)/edit" : "/drafts/\($0.id)" }
    .moment("changed") { $0.changed }
}
