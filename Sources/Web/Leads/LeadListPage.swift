import CRM
import HTTP
import Templating

struct LeadListPage: Page {
  let desk: Desk
  let filter: LeadFilter
  let form: LeadFilterForm
  let total: String?
  let stageLinks: [FilterLink]
  let rows: [Row]
  let newestURL: String?
  let olderURL: String?

  init(
    _ desk: Desk, _ list: LeadList, _ found: [LeadSummary], count: Int?, members: [Member]?,
    isFormOpen: Bool = false
  ) {
    self.desk = desk
    filter = list.filter
    form = LeadFilterForm(filter: filter, members: members ?? [], isOpen: isFormOpen)
    total = count.map { $0 > LeadList.countMax ? "\(LeadList.countMax)+" : String($0) }
    rows = found.prefix(LeadList.pageSize).map { Row($0, desk.viewer) }
    let filter = list.filter
    stageLinks = FilterLink.all(Lead.Stage.allCases, chosen: filter.stage, words: \.words) {
      stage in
      var other = filter
      other.stage = stage
      return Links.list(Links.leads, other.pairs)
    }
    newestURL = list.after == nil ? nil : Links.list(Links.leads, filter.pairs)
    olderURL =
      found.count > LeadList.pageSize
      ? Links.list(
        Links.leads, filter.pairs + [("after", found[LeadList.pageSize - 1].id.description)])
      : nil
  }

  static let template = "leads/list"
  static let keys = Keys<LeadListPage>().include(\.desk)
    .flag("may_add") { $0.desk.viewer.may(.writeLeads) }
    .include(\.form).text("total", \.total)
    .text("q") { $0.filter.words ?? "" }.text("stage") { $0.filter.stage?.rawValue }
    .list("kept") { page in
      page.filter.pairs.filter { $0.name != "q" }.compactMap { pair in
        pair.value.map { Kept(name: pair.name, value: $0) }
      }
    }
    .list("stage_links", \.stageLinks)
    .flag("has_leads") { !$0.rows.isEmpty }.list("leads", \.rows)
    .flag("none_yet") { $0.rows.isEmpty && !$0.filter.isNarrow }
    .flag("none_match") { $0.rows.isEmpty && $0.filter.isNarrow }
    .flag("has_pages") { $0.newestURL != nil || $0.olderURL != nil }
    .text("newest_url", \.newestURL).text("older_url", \.olderURL)

  /// A filter that a new search keeps.
  struct Kept: Templated {
    let name: String
    let value: String
    static let keys = Keys<Kept>().text("kept_name", \.name).text("kept_value", \.value)
  }

  struct Row: Templated {
    let id: String
    let title: String
    /// Empty where there is none, as with the other texts: stored strings are written without a call.
    let company: String
    let personName: String
    let email: String
    let stageName: L
    let outcomeName: L?
    let tierName: L?
    let tierTone: Tone
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
      outcomeName = lead.outcome == .open ? nil : lead.outcome.words
      tierName = lead.tier?.words
      tierTone = lead.tier?.tone ?? .plain
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
      .text("outcome_name", \.outcomeName).text("tier_name", \.tierName)
      .text("tier_tone", \.tierTone)
      .flag("suppressed", \.isSuppressed).text("owner_name", \.ownerName)
      .text("estimated_value", \.value)
      .text("created", \.created).text("created_exact", \.createdExact)
      .text("created_iso", \.createdISO)
  }
}
