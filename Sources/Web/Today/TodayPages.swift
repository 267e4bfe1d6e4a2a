import CRM
import HTTP
import Templating

/// The start pages: where each role begins.
enum TodayPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/", .member, start)
    router.get("/today", .may(.writeDrafts), today)
  }

  private static func start(_ visit: Visit) throws -> Response {
    let desk = try visit.read()
    let viewer = desk.viewer
    if viewer.roles == [.reviewer] { return try .seeOther(Links.review) }
    return try .seeOther(viewer.may(.writeDrafts) ? Links.today : Links.leads)
  }

  private static func today(_ visit: Visit) throws -> Response {
    let (desk, awaited, due, drafts, leads, isAnyOpen) = try visit.read(
      AwaitedReply.mine, DueFollowUp.mine, DraftSummary.mine, LeadSummary.unwritten,
      LeadSummary.isAnyOpen)
    return try visit.page(
      TodayPage(
        desk, awaited: awaited, due: due, drafts: drafts, leads: leads, hasLeads: isAnyOpen), desk)
  }
}

struct TodayPage: Page {
  let desk: Desk
  /// Leads that wrote and were not answered yet.
  let awaited: [AwaitedLine]
  let hasMoreAwaited: Bool
  /// Leads that somebody wanted to get back to by today.
  let due: [DueLine]
  let hasMoreDue: Bool
  /// What waits for the viewer, and what waits for others or is over.
  let toDo: [Group]
  let underWay: [Group]
  let waiting: [LeadListPage.Row]
  let hasMore: Bool
  /// There is a lead to work on at all.
  let hasLeads: Bool

  private static let leadsShown = 10
  private static let sentShown = 5

  struct Group: Templated {
    let status: Draft.Status
    let drafts: [DraftLine]

    static let keys = Keys<Group>()
      .text("group_name") { $0.status.words }.text("status_tone") { $0.status.tone }
      .text("count") { $0.drafts.count }
      .list("drafts") {
        $0.status == .sent ? Array($0.drafts.prefix(TodayPage.sentShown)) : $0.drafts
      }
  }

  struct DueLine: Templated {
    let lead: DueFollowUp
    let line: FollowUpLine

    static let keys = Keys<DueLine>().include(\.line)
      .text("lead_id") { $0.lead.lead.description }.text("title", \.lead.title)
      .text("company", \.lead.company)
  }

  struct AwaitedLine: Templated {
    let reply: AwaitedReply
    let moment: Moment

    static let keys = Keys<AwaitedLine>()
      .text("awaited_url") { LeadTab.conversation.url($0.reply.lead) }
      .text("title", \.reply.title).text("company", \.reply.company)
      .text("words", \.reply.words).moment("said") { $0.moment }
  }

  init(
    _ desk: Desk, awaited: [AwaitedReply], due: [DueFollowUp], drafts: [DraftSummary],
    leads: [LeadSummary], hasLeads: Bool
  ) {
    self.desk = desk
    self.hasLeads = hasLeads
    self.awaited = awaited.prefix(Self.leadsShown).map {
      AwaitedLine(reply: $0, moment: Moment($0.since, now: desk.viewer.now))
    }
    hasMoreAwaited = awaited.count > Self.leadsShown
    self.due = due.prefix(Self.leadsShown).map {
      DueLine(lead: $0, line: FollowUpLine(due: $0.due, now: desk.viewer.now))
    }
    hasMoreDue = due.count > Self.leadsShown
    func groups(_ statuses: Draft.Status...) -> [Group] {
      statuses.compactMap { status in
        let lines = drafts.filter { $0.status == status }
          .map { DraftLine($0, now: desk.viewer.now) }
        return lines.isEmpty ? nil : Group(status: status, drafts: lines)
      }
    }
    toDo = groups(.draft, .rejected)
    underWay = groups(.underReview, .approved, .sent)
    waiting = leads.prefix(Self.leadsShown).map { LeadListPage.Row($0, desk.viewer) }
    hasMore = leads.count > Self.leadsShown
  }

  static let template = "today/index"
  static let keys = Keys<TodayPage>().include(\.desk)
    .text("today") { DayOfYear(time: $0.desk.viewer.now) }
    .flag("may_add") { $0.desk.viewer.may(.writeLeads) }
    .list("to_do", \.toDo).list("under_way", \.underWay)
    .text("to_decide", \.desk.waitingForReview)
    .flag("has_awaited") { !$0.awaited.isEmpty }.list("awaited", \.awaited)
    .text("awaited_count") {
      $0.hasMoreAwaited ? "\(TodayPage.leadsShown)+" : "\($0.awaited.count)"
    }
    .flag("has_due") { !$0.due.isEmpty }.list("due", \.due)
    .text("due_count") { $0.hasMoreDue ? "\(TodayPage.leadsShown)+" : "\($0.due.count)" }
    .flag("all_done") {
      $0.awaited.isEmpty && $0.due.isEmpty && $0.toDo.isEmpty && $0.underWay.isEmpty
        && $0.waiting.isEmpty
    }
    .flag("has_leads", \.hasLeads)
    .flag("has_waiting_leads") { !$0.waiting.isEmpty }
    .text("waiting_leads_count") { $0.hasMore ? "\(TodayPage.leadsShown)+" : "\($0.waiting.count)" }
    .list("waiting_leads", \.waiting)
    .text("more_leads_url") { $0.hasMore ? "/leads?stage=new" : nil }
}
