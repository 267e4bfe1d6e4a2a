import CRM
import Templating

/// Everything written to a lead.
struct LeadDraftsPage: Page {
  let record: LeadRecord

  static let template = "leads/drafts"
  static let keys = Keys<LeadDraftsPage>().include(\.record)
    .flag("has_drafts") { !$0.record.drafts.isEmpty }
    .list("drafts") { page in
      page.record.drafts.map { DraftLine($0, now: page.record.desk.viewer.now) }
    }
}
