import CRM
import HTTP
import Templating

struct LeadListPage: Page {
  let desk: Desk
  let list: LeadList
  let segment: Segment?
  /// Something is narrowed or sorted otherwise than the segment was saved.
  let isSegmentChanged: Bool
  let form: LeadFilterForm
  let total: String?
  let views: [FilterLink]
  let stageLinks: [FilterLink]
  let sizeLinks: [FilterLink]
  let rows: [Row]
  let areSimilar: Bool
  let newestURL: String?
  let olderURL: String?

  private var filter: LeadFilter { list.filter }

  init(
    _ desk: Desk, _ list: LeadList, _ found: LeadList.Rows, segment: Segment?,
    members: [Member] = [], sources: [String] = [], clients: [String] = [],
    isFormOpen: Bool = false
  ) throws {
    self.desk = desk
    self.list = list
    self.segment = segment
    isSegmentChanged =
      try segment.map { try LeadList($0) }
      .map { $0.filter != list.filter || $0.order != list.order } ?? false
    let size = list.size.rawValue
    form = LeadFilterForm(
      list: list, members: members, sources: sources, clients: clients, isOpen: isFormOpen)
    // Neither all leads nor similar ones are counted.
    total =
      !list.filter.isNarrow || found.areSimilar
      ? nil : found.total.map { $0 > LeadList.countMax ? "\(LeadList.countMax)+" : String($0) }
    rows = found.leads.prefix(size).map { Row($0, desk.viewer) }
    areSimilar = found.areSimilar
    stageLinks = FilterLink.all(Lead.Stage.allCases, chosen: list.filter.stage, words: \.words) {
      list.url("stage", $0?.rawValue)
    }
    sizeLinks = LeadList.Size.allCases.map {
      FilterLink(
        name: L(verbatim: String($0.rawValue)),
        url: list.url("size", $0 == .middle ? nil : String($0.rawValue)), isCurrent: $0 == list.size
      )
    }
    views = [(L("All"), nil), (L("Mine"), "me"), (L("Without an owner"), "nobody")].map {
      name, owner in
      FilterLink(
        name: name, url: Links.list(Links.leads, [("owner", owner)]),
        isCurrent: list.filter.owner?.text == owner)
    }
    newestURL = list.after == nil ? nil : Links.list(Links.leads, list.pairs)
    // Similar leads are the most similar ones; there is no second page of them.
    olderURL =
      found.leads.count > size && !found.areSimilar
      ? Links.list(
        Links.leads, list.pairs + [("after", found.leads[size - 1].id.description)]) : nil
  }

  static let template = "leads/list"
  static let keys = Keys<LeadListPage>().include(\.desk)
    .flag("may_add") { $0.desk.viewer.may(.writeLeads) }
    .include(\.form).text("total", \.total)
    .text("q") { $0.filter.words ?? "" }.text("stage") { $0.filter.stage?.rawValue }
    .list("kept") { page in
      page.list.pairs.filter { $0.name != "q" }.compactMap { pair in
        pair.value.map { Kept(name: pair.name, value: $0) }
      }
    }
    .list("stage_links", \.stageLinks).list("view_links", \.views).list("size_links", \.sizeLinks)
    .list("sort_title") { [SortLink(.title, in: $0.list)] }
    .list("sort_value") { [SortLink(.value, in: $0.list)] }
    .list("sort_created") { [SortLink(.created, in: $0.list)] }
    .text("board_url") { Links.list(Links.board, LeadBoard($0.filter).filter.pairs) }
    .text("order_name") { $0.list.order.words }
    .text("segment_name", \.segment?.name).flag("segment_changed", \.isSegmentChanged)
    .flag("may_keep") { $0.segment?.isMine == true }
    .text("segment_id") { $0.segment?.id.description }.text("saved_url") { $0.segment?.listURL }
    .list("segment_pairs") { page in
      page.list.pairs.filter { $0.name != "segment" && $0.name != "size" }.compactMap { pair in
        pair.value.map { Kept(name: pair.name, value: $0) }
      }
    }
    .flag("similar", \.areSimilar).flag("may_change") { $0.desk.viewer.may(.writeLeads) }
    .text("csv_url") { Links.list(Links.leadsCSV, $0.list.pairs) }
    .text("segment_url") { Links.list(Links.newSegment, $0.list.pairs) }
    .list("filter_pairs") { page in
      page.filter.pairs.compactMap { pair in
        pair.value.map { Kept(name: pair.name, value: $0) }
      }
    }
    .flag("has_leads") { !$0.rows.isEmpty }.list("leads", \.rows)
    .flag("none_yet") { $0.rows.isEmpty && !$0.filter.isNarrow }
    .flag("none_match") { $0.rows.isEmpty && $0.filter.isNarrow }
    .flag("open_only", \.filter.isOpenOnly).text("any_outcome_url") {
      $0.list.url("outcome", "any")
    }
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
    let isTest: Bool
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
      isTest = lead.isTest
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
      .flag("suppressed", \.isSuppressed).flag("is_test", \.isTest).text("owner_name", \.ownerName)
      .text("estimated_value", \.value)
      .text("created", \.created).text("created_exact", \.createdExact)
      .text("created_iso", \.createdISO)
  }
}
