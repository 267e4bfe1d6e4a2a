import CRM
import HTTP
import Templating

/// The record: who it is, where it stands, what was written, what happened, what to do next.
struct LeadPage: Page {
  let desk: Desk
  let lead: Lead
  let contacts: [ContactLine]
  let stages: [StageLine]
  let drafts: [DraftLine]
  let timeline: [TimelineLine]
  let olderTimelineURL: String?
  let nextStep: NextStep
  let ending: OutcomeChange?
  /// Where a new person's number is dialled.
  let phoneRegion: PhoneRegion?
  let returned: LeadDeedForm?

  init(
    _ desk: Desk, _ lead: Lead, contacts: [Contact], steps: [StageStep], ending: OutcomeChange?,
    drafts: [DraftSummary], activities: [Activity], phoneRegion: PhoneRegion?,
    returned: LeadDeedForm?
  ) {
    self.desk = desk
    self.lead = lead
    self.ending = ending
    self.phoneRegion = phoneRegion
    self.returned = returned
    self.contacts = contacts.map(ContactLine.init)
    stages = Lead.Stage.allCases.map { StageLine($0, of: lead, steps, now: desk.viewer.now) }
    self.drafts = drafts.map { DraftLine($0, now: desk.viewer.now) }
    timeline = activities.prefix(Activity.pageSize).map { TimelineLine($0, desk.viewer) }
    olderTimelineURL =
      activities.count > Activity.pageSize
      ? Links.list(
        Links.lead(lead.id), [("before", activities[Activity.pageSize - 1].id.description)])
      : nil
    nextStep = NextStep(
      lead, hasAddress: contacts.contains { $0.email != nil }, drafts: drafts, viewer: desk.viewer)
  }

  private var mayWrite: Bool { desk.viewer.may(.writeLeads) }
  private var isSuppressed: Bool { lead.suppression != nil }
  private var hasAddress: Bool { contacts.contains { $0.email != nil } }
  /// The forms that stand there, for who may use them.
  private func deeds(_ place: LeadDeed.Place) -> [LeadDeedLine] {
    guard mayWrite else { return [] }
    return LeadDeed.allCases.filter { $0.place == place && $0.isOffered(for: lead) }
      .map { deed in
        let isOpen = returned?.deed == deed
        let form = isOpen ? returned : nil
        return LeadDeedLine(
          form: form ?? LeadDeedForm(deed, lead), isOpen: isOpen, currency: desk.viewer.currency,
          phoneRegion: phoneRegion)
      }
  }

  static let template = "leads/show"
  static let keys = Keys<LeadPage>().include(\.desk)
    .text("lead_id") { $0.lead.id.description }.text("title", \.lead.title)
    .text("company", \.lead.company).text("description", \.lead.description)
    .text("source", \.lead.source).text("owner_name") { $0.lead.owner?.name ?? "–" }
    .text("estimated_value") { page in
      page.lead.estimatedValue.map { MoneyText(money: $0, currency: page.desk.viewer.currency) }
    }
    .moment("created") { Moment($0.lead.createdAt, now: $0.desk.viewer.now) }
    .flag("may_edit") { $0.mayWrite }
    .flag("suppressed") { $0.isSuppressed }
    .text("suppressed_reason") { $0.lead.suppression?.reason ?? "" }
    .text("suppressed_by") { $0.lead.suppression?.by ?? "" }
    .text("suppressed_since") { page in
      page.lead.suppression.map { SaidTime(time: $0.since, now: page.desk.viewer.now) }
    }
    .text("suppressed_exact") { $0.lead.suppression.map { ExactTime(time: $0.since) } }
    .text("suppressed_iso") { $0.lead.suppression.map { ISOTime(time: $0.since) } }
    .flag("may_receive") { !$0.isSuppressed && $0.hasAddress }
    .flag("no_address") { !$0.isSuppressed && !$0.hasAddress }
    .list("contacts", \.contacts)
    .text("next_step", \.nextStep.words).text("next_step_url", \.nextStep.url)
    .text("next_step_action", \.nextStep.action)
    .flag("may_write") { $0.desk.viewer.may(.writeDrafts) && $0.nextStep.isWritingApart }
    .flag("taken_over") { $0.lead.takeOver != nil }
    .text("taken_over_reason") { $0.lead.takeOver?.reason ?? "" }
    .text("taken_over_by") { $0.lead.takeOver?.by ?? "" }
    .text("contact_status_name") { $0.lead.contactStatus.words }
    .text("tier_name") { $0.lead.tier?.words }.text("tier_tone") { $0.lead.tier?.tone ?? .plain }
    .text("client_name") { $0.lead.client?.name }
    .list("tags") { $0.lead.tags.map(TagLine.init) }.flag("has_tags") { !$0.lead.tags.isEmpty }
    .flag("may_change_people") { $0.mayWrite && $0.lead.life != .deleted }
    .flag("is_test", \.lead.isTest).flag("is_archived") { $0.lead.life == .archived }
    .flag("is_deleted") { $0.lead.life == .deleted }
    .flag("is_closed") { $0.lead.outcome != .open }
    .text("outcome_name") { $0.lead.outcome.words }.text("outcome_tone") { $0.lead.outcome.tone }
    .moment("outcome") { Moment($0.lead.outcomeSince, now: $0.desk.viewer.now) }
    .text("outcome_value") { page in
      page.ending?.value.map { MoneyText(money: $0, currency: page.desk.viewer.currency) }
    }
    .text("outcome_days") {
      $0.ending.map { L.plural($0.days, "after \($0.days) day", "after \($0.days) days") }
    }
    .list("ladder_deeds") { $0.deeds(.ladder) }.list("identity_deeds") { $0.deeds(.identity) }
    .list("people_deeds") { $0.deeds(.people) }
    .list("margin_deeds") { $0.deeds(.margin) }
    .list("stages", \.stages).flag("may_move") {
      $0.mayWrite && $0.lead.outcome == .open && $0.lead.life != .deleted
    }
    .text("next_stage") { $0.lead.stage.next?.rawValue }
    .text("next_stage_name") { $0.lead.stage.next?.words ?? L("Decision") }
    .flag("has_errors") { $0.returned?.problems.isEmpty == false }
    .list("errors") { $0.returned?.problems ?? [] }
    .flag("has_drafts") { !$0.drafts.isEmpty }.list("drafts", \.drafts)
    .list("timeline", \.timeline).text("older_timeline_url", \.olderTimelineURL)
}

struct TagLine: Templated {
  let name: String
  static let keys = Keys<TagLine>().text("tag", \.name)
}

struct ContactLine: Templated {
  let id: String
  let name: String
  let email: String?
  let phone: String?
  let isPrimary: Bool

  init(_ contact: Contact) {
    id = contact.id.description
    name = contact.words
    email = contact.email
    phone = contact.phone
    isPrimary = contact.isPrimary
  }

  static let keys = Keys<ContactLine>()
    .text("name", \.name).text("email", \.email).text("phone", \.phone)
    .text("contact_id", \.id).flag("primary", \.isPrimary)
}

/// One rung of the ladder, with when the lead last came there and how long it has stayed.
struct StageLine: Templated {
  let name: L
  let position: String
  let since: Moment?

  init(_ stage: Lead.Stage, of lead: Lead, _ steps: [StageStep], now: Timestamp) {
    name = stage.words
    position = stage == lead.stage ? "current" : stage < lead.stage ? "done" : "ahead"
    let arrival = steps.last { $0.to == stage && stage <= lead.stage }
    since = arrival.map { Moment($0.at, now: now) }
  }

  static let keys = Keys<StageLine>()
    .text("name", \.name).text("position", \.position)
    .flag("current") { $0.position == "current" }.moment("since") { $0.since }
}

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
