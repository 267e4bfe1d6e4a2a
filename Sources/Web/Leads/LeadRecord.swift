import CRM
import HTTP
import HTTPTypes
import Postgres
import Templating

/// What the tenant calls things already, to be suggested.
struct Vocabulary {
  let tags: [String]
  let clients: [String]
}

/// What stands around every tab of a lead's record: who it is, where it stands, what to do next.
struct LeadRecord: Templated {
  let desk: Desk
  let lead: Lead
  let contacts: [ContactLine]
  let stages: [StageLine]
  let drafts: [DraftSummary]
  let nextStep: NextStep
  let ending: OutcomeChange?
  let related: [RelationshipLine]
  let relatedCount: Int

  private static let relatedShown = 8
  let tab: LeadTab
  /// Where a new person's number is dialled.
  let phoneRegion: PhoneRegion?
  /// Everybody it can be given to.
  let members: [Member]
  let vocabulary: Vocabulary
  let returned: ReturnedForm?

  fileprivate init(
    _ desk: Desk, _ lead: Lead, _ contacts: [Contact], _ listed: [DNCEntry], _ steps: [StageStep],
    _ ending: OutcomeChange?, _ drafts: [DraftSummary], _ related: [Relationship],
    _ phoneRegion: PhoneRegion?, _ members: [Member], _ vocabulary: Vocabulary, _ tab: LeadTab,
    _ returned: ReturnedForm?
  ) {
    self.desk = desk
    self.lead = lead
    self.ending = ending
    self.drafts = drafts
    relatedCount = related.count
    self.related = related.prefix(Self.relatedShown).map {
      RelationshipLine(relationship: $0, lead: lead.id)
    }
    self.tab = tab
    self.phoneRegion = phoneRegion
    self.members = members
    self.vocabulary = vocabulary
    self.returned = returned
    let lines = contacts.map { ContactLine($0, of: lead, listed, desk.viewer, returned) }
    self.contacts = lines
    stages = Lead.Stage.allCases.map { StageLine($0, of: lead, steps, now: desk.viewer.now) }
    nextStep = NextStep(
      lead, hasAddress: contacts.contains { $0.email != nil },
      mayReceive: lines.contains(where: \.mayReceive), drafts: drafts, viewer: desk.viewer)
  }

  private var mayWrite: Bool { desk.viewer.may(.writeLeads) }
  private var isSuppressed: Bool { lead.suppression != nil }
  private var hasAddress: Bool { contacts.contains { $0.hasAddress } }
  private var mayReceive: Bool { contacts.contains(where: \.mayReceive) }

  private var tabs: [LeadTabLine] {
    LeadTab.allCases.map {
      LeadTabLine(
        tab: $0, lead: lead.id, isCurrent: $0 == tab,
        count: count($0))
    }
  }

  private func count(_ tab: LeadTab) -> Int? {
    let count =
      switch tab {
      case .drafts: drafts.count
      case .relationships: relatedCount
      case .timeline, .discovery, .conversation, .history: 0
      }
    return count == 0 ? nil : count
  }

  /// The forms that stand there, for who may use them.
  private func deeds(_ place: LeadDeed.Place) -> [LeadDeedLine] {
    guard mayWrite else { return [] }
    let back: LeadDeedForm? = if case .deed(let form) = returned { form } else { nil }
    // One that came back is shown, even where it is offered no more: nothing typed is lost.
    return LeadDeed.allCases
      .filter { $0.place == place && ($0.isOffered(for: lead) || $0 == back?.deed) }
      .map { deed in
        let form = deed == back?.deed ? back : nil
        return LeadDeedLine(
          form: form ?? LeadDeedForm(deed, lead, in: desk.viewer.currency), isOpen: form != nil,
          currency: desk.viewer.currency, phoneRegion: phoneRegion, members: members,
          vocabulary: vocabulary)
      }
  }

  static let keys = Keys<LeadRecord>().include(\.desk)
    .text("lead_id") { $0.lead.id.description }.text("title", \.lead.title)
    .text("company", \.lead.company).text("description", \.lead.description)
    .text("source", \.lead.source).text("owner_name") { $0.lead.owner?.name ?? "–" }
    .text("estimated_value") { page in
      page.lead.estimatedValue.map { MoneyText(money: $0, currency: page.desk.viewer.currency) }
    }
    .text("expected_close") { $0.lead.expectedClose.map { CalendarDay(time: $0) } }
    .text("expected_close_iso") { $0.lead.expectedClose.map { Day(of: $0).text } }
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
    .flag("may_receive") { $0.mayReceive }
    .flag("nobody_may") { !$0.isSuppressed && $0.hasAddress && !$0.mayReceive }
    .flag("no_address") { !$0.isSuppressed && !$0.hasAddress }
    .list("contacts", \.contacts)
    .text("next_step", \.nextStep.words).text("next_step_url", \.nextStep.url)
    .text("next_step_action", \.nextStep.action)
    .flag("may_write") { $0.desk.viewer.may(.writeDrafts) && $0.nextStep.isWritingApart }
    .object("follow_up") { page in
      page.lead.nextFollowUp.map { FollowUpLine(due: $0, now: page.desk.viewer.now) }
    }
    .flag("taken_over") { $0.lead.takeOver != nil }
    .text("taken_over_reason") { $0.lead.takeOver?.reason ?? "" }
    .text("taken_over_by") { $0.lead.takeOver?.by ?? "" }
    .text("contact_status_name") { $0.lead.contactStatus.words }
    .text("tier_name") { $0.lead.tier?.words }.text("tier_tone") { $0.lead.tier?.tone ?? .plain }
    .text("client_name") { $0.lead.client?.name }
    .text("client_url") { page in
      page.lead.client.map { Links.list(Links.leads, [("client", $0.name)]) }
    }
    .list("tags") { $0.lead.tags.map(TagLine.init) }.flag("has_tags") { !$0.lead.tags.isEmpty }
    .flag("may_change_people") { $0.mayWrite && $0.lead.life != .deleted }
    .text("merged_into") { $0.lead.mergedInto?.title }
    .text("merged_id") { $0.lead.mergedInto?.id.description }
    .flag("is_test", \.lead.isTest).flag("is_archived") { $0.lead.life == .archived }
    .flag("is_deleted") { $0.lead.life == .deleted && $0.lead.mergedInto == nil }
    .flag("may_merge") { $0.mayWrite && $0.lead.life != .deleted }
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
    .list("people_deeds") { $0.deeds(.people) }.list("next_deeds") { $0.deeds(.nextStep) }
    .list("conversation_deeds") { $0.deeds(.conversation) }.list("margin_deeds") {
      $0.deeds(.margin)
    }
    .list("stages", \.stages).flag("may_move") {
      $0.mayWrite && $0.lead.outcome == .open && $0.lead.life != .deleted
    }
    .text("stage") { $0.lead.stage.rawValue }.text("next_stage") { $0.lead.stage.next?.rawValue }
    .text("next_stage_name") { $0.lead.stage.next?.words ?? L("Decision") }
    .flag("has_errors") { $0.returned?.problems.isEmpty == false }
    .list("errors") { $0.returned?.problems ?? [] }
    .flag("wide") { $0.tab == .relationships }.list("tabs") { $0.tabs }
    .flag("has_related") { !$0.related.isEmpty }.list("related", \.related)
}

extension Visit {
  /// The record of a lead around one of its tabs, and what the tab asks for besides.
  func readRecord<each T>(
    _ id: ID<Lead>, _ tab: LeadTab, returned: ReturnedForm? = nil, _ queries: repeat Query<each T>
  ) throws -> (LeadRecord, repeat each T) {
    try read(
      (
        Lead.find(id), Contact.all(of: id), DNCEntry.all(of: id), StageStep.all(of: id),
        OutcomeChange.latest(of: id), DraftSummary.all(of: id), Relationship.all(of: id),
        Tenant.phoneRegion, Member.active, Tags.vocabulary, Client.names
      ),
      whole: {
        desk, lead, contacts, listed, steps, ending, drafts, related, region, members, tags, clients
        in
        guard let lead else { throw NotFound() }
        return LeadRecord(
          desk, lead, contacts, listed, steps, ending, drafts, related, region, members,
          Vocabulary(tags: tags, clients: clients),
          tab, returned)
      }, repeat each queries)
  }
}

/// The one form of a record that came back with something wrong.
enum ReturnedForm {
  case deed(LeadDeedForm)
  case permission(PermissionForm)
  case role(RoleForm)
  case note(NoteForm)
  case relationship(RelationshipForm)
  case question(QuestionForm)

  /// Of the page that shows it again.
  var status: HTTPResponse.Status {
    switch self {
    case .deed(let form) where form.isOvertaken: .conflict
    case .role(let form) where form.isOvertaken: .conflict
    case .note(let form) where form.isOvertaken: .conflict
    default: .unprocessableContent
    }
  }

  /// For the summary above the page, by the ids of the inputs.
  var problems: [FieldProblem] {
    switch self {
    case .deed(let form): form.problems
    case .permission(let form): form.problems
    case .role(let form): form.problems
    case .note(let form): form.problems
    case .relationship(let form): form.problems
    case .question(let form): form.errors.problems
    }
  }
}

struct TagLine: Templated {
  let name: String
  static let keys = Keys<TagLine>().text("tag", \.name)
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

/// When somebody gets back to a lead: on a day to come, today, or too late.
struct FollowUpLine: Templated {
  let due: Timestamp
  let now: Timestamp

  private var days: Int { due.dayNumber - now.dayNumber }

  var tone: Tone { days < 0 ? .stop : days == 0 ? .look : .plain }

  private var words: L {
    days < 0 ? L("Follow-up overdue since") : days == 0 ? L("Follow up today,") : L("Follow up on")
  }

  static let keys = Keys<FollowUpLine>()
    .text("follow_up_words") { $0.words }.text("follow_up_tone") { $0.tone }
    .text("follow_up_day") { DayOfYear(time: $0.due) }
    .text("follow_up_exact") { ExactTime(time: $0.due) }
    .text("follow_up_iso") { ISOTime(time: $0.due) }
}
