import CRM
import HTTP
import Templating

struct LeadListPage: Page {
  let desk: Desk
  let words: String
  let stage: String?
  let stageLinks: [FilterLink]
  let rows: [Row]
  let newestURL: String?
  let olderURL: String?
  let isNarrowed: Bool

  init(_ desk: Desk, _ list: LeadList, _ found: [LeadSummary]) {
    self.desk = desk
    words = list.words ?? ""
    stage = list.stage?.rawValue
    isNarrowed = list.isNarrowed
    rows = found.prefix(LeadList.pageSize).map { Row($0, desk.viewer) }
    stageLinks = FilterLink.all(Lead.Stage.allCases, chosen: list.stage, words: \.words) { stage in
      Links.list(Links.leads, [("q", list.words), ("stage", stage?.rawValue)])
    }
    let state: [(name: String, value: String?)] = [
      ("q", list.words), ("stage", list.stage?.rawValue),
    ]
    newestURL = list.after == nil ? nil : Links.list(Links.leads, state)
    olderURL =
      found.count > LeadList.pageSize
      ? Links.list(Links.leads, state + [("after", found[LeadList.pageSize - 1].id.description)])
      : nil
  }

  static let template = "leads/list"
  static let keys = Keys<LeadListPage>().include(\.desk)
    .flag("may_add") { $0.desk.viewer.may(.writeLeads) }
    .text("total") { _ in String?.none }
    .text("q", \.words).text("stage", \.stage).list("stage_links", \.stageLinks)
    .flag("has_leads") { !$0.rows.isEmpty }.list("leads", \.rows)
    .flag("none_yet") { $0.rows.isEmpty && !$0.isNarrowed }
    .flag("none_match") { $0.rows.isEmpty && $0.isNarrowed }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)

  struct Row: Templated {
    let id: String
    let title: String
    /// Empty where there is none, as with the other texts: stored strings are written without a call.
    let company: String
    let personName: String
    let email: String
    let stageName: L
    let isSuppressed: Bool
    let ownerName: String
    let value: MoneyText?
    let created: SaidTime
    let createdExact: ExactTime
    let createdISO: ISOTime

    init(_ lead: LeadSummary, _ viewer: Viewer) {
      id = lead.id.description
      title = lead.title
      company = lead.company ?? ""
      personName = lead.personName ?? ""
      email = lead.email ?? ""
      stageName = lead.stage.words
      isSuppressed = lead.isSuppressed
      ownerName = lead.ownerName ?? "–"
      value = lead.estimatedValue.map { MoneyText(money: $0, currency: viewer.currency) }
      created = SaidTime(time: lead.createdAt, now: viewer.now)
      createdExact = ExactTime(time: lead.createdAt)
      createdISO = ISOTime(time: lead.createdAt)
    }

    // Stored one by one: fifty rows are read by address, without a call.
    static let keys = Keys<Row>()
      .text("lead_id", \.id).text("title", \.title).text("company", \.company)
      .text("person_name", \.personName).text("email", \.email).text("stage_name", \.stageName)
      .flag("suppressed", \.isSuppressed).text("owner_name", \.ownerName)
      .text("estimated_value", \.value)
      .text("created", \.created).text("created_exact", \.createdExact)
      .text("created_iso", \.createdISO)
  }
}
