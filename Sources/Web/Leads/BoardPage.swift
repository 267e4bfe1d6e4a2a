import CRM
import HTTP
import Templating

/// The leads by stage, as cards.
struct BoardPage: Page {
  let desk: Desk
  let filter: LeadFilter
  let form: LeadFilterForm
  let owners: [FilterLink]
  let columns: [BoardColumn]
  let idleDays: Int
  let back: CardMove?

  init(
    _ desk: Desk, _ board: LeadBoard, _ cards: [LeadBoard.Card], _ totals: [LeadBoard.Total],
    _ settings: WorkspaceSettings, _ members: [Member], back: CardMove?
  ) {
    self.desk = desk
    let filter = board.filter
    self.filter = filter
    self.back = back
    idleDays = settings.boardIdleDays
    form = LeadFilterForm(
      list: LeadList(filter), members: members, isOpen: false, base: Links.board)
    owners = [(L("All"), nil), (L("Mine"), .me), (L("Without an owner"), .nobody)].map {
      (name: L, owner: LeadFilter.Owner?) in
      var other = filter
      other.owner = owner
      return FilterLink(
        name: name, url: Links.list(Links.board, other.pairs), isCurrent: filter.owner == owner)
    }
    columns = Lead.Stage.allCases.map { stage in
      BoardColumn(
        stage, cards.filter { $0.stage == stage }, totals.first { $0.stage == stage }, filter,
        settings, desk.viewer)
    }
  }

  static let template = "leads/board"
  static let keys = Keys<BoardPage>().include(\.desk).include(\.form)
    .flag("may_add") { $0.desk.viewer.may(.writeLeads) }
    .flag("may_settle") { $0.desk.viewer.may(.administer) }
    .text("q") { $0.filter.words ?? "" }
    .list("kept") { page in
      page.filter.pairs.filter { $0.name != "q" }.compactMap { pair in
        pair.value.map { LeadListPage.Kept(name: pair.name, value: $0) }
      }
    }
    .list("filter_pairs") { page in
      page.filter.pairs.compactMap { pair in
        pair.value.map { LeadListPage.Kept(name: pair.name, value: $0) }
      }
    }
    .text("list_url") { Links.list(Links.leads, $0.filter.pairs) }
    .list("view_links", \.owners).list("columns", \.columns)
    .text("idle_hint") { page in
      page.idleDays == 0
        ? nil
        : L.plural(
          page.idleDays, "Cards without anything new for \(page.idleDays) day are tinted.",
          "Cards without anything new for \(page.idleDays) days are tinted.")
    }
    .flag("moves_back") { $0.back != nil }.text("back_title") { $0.back?.title }
    .text("board_url") { Links.list(Links.board, $0.filter.pairs) }
    .text("back_stage") { $0.back?.stage.words }.text("back_move") { $0.back?.text }
    .text("reason") { $0.back?.reason.typed ?? "" }
    .text("reason_error") { $0.back?.reason.error }
    .flag("has_errors") { $0.back?.reason.error != nil }
    .list("errors") { FormErrors([("reason", $0.back?.reason.error)]).problems }
}

struct BoardColumn: Templated {
  let stage: Lead.Stage
  let cards: [BoardCard]
  let count: String
  let value: MoneyText?
  let isCapped: Bool
  let moreURL: String?

  init(
    _ stage: Lead.Stage, _ found: [LeadBoard.Card], _ total: LeadBoard.Total?,
    _ filter: LeadFilter, _ settings: WorkspaceSettings, _ viewer: Viewer
  ) {
    self.stage = stage
    cards = found.prefix(LeadBoard.cardsMax).map { BoardCard($0, settings, viewer) }
    isCapped = total?.isCapped ?? false
    count = isCapped ? "\(LeadBoard.countMax)+" : String(total?.leads ?? 0)
    value = total.map { MoneyText(money: $0.value, currency: viewer.currency) }
    var list = filter
    list.stage = stage
    list.outcome = .only(.open)
    moreURL =
      found.count > LeadBoard.cardsMax ? Links.list(Links.leads, list.pairs) : nil
  }

  static let keys = Keys<BoardColumn>()
    .text("stage_name") { $0.stage.words }.text("stage_code", \.stage.rawValue)
    .text("column_count", \.count).text("column_value", \.value).flag("capped", \.isCapped)
    .list("cards", \.cards).flag("has_cards") { !$0.cards.isEmpty }
    .text("more_url", \.moreURL)
}

struct BoardCard: Templated {
  let card: LeadBoard.Card
  let isIdle: Bool
  let mayMove: Bool
  let value: MoneyText?
  let next: L
  let nextTone: Tone

  init(_ card: LeadBoard.Card, _ settings: WorkspaceSettings, _ viewer: Viewer) {
    self.card = card
    isIdle = settings.boardIdleDays > 0 && card.daysIdle >= settings.boardIdleDays
    mayMove = viewer.may(.writeLeads)
    value = card.value.map { MoneyText(money: $0, currency: viewer.currency) }
    if let due = card.nextFollowUp, due.dayNumber <= viewer.now.dayNumber {
      (next, nextTone) = (L("Follow up now"), due.dayNumber < viewer.now.dayNumber ? .stop : .look)
    } else if let draft = card.draft, draft != .sent {
      (next, nextTone) = (L("Draft: \(draft.words)"), draft.tone)
    } else if let due = card.nextFollowUp {
      (next, nextTone) = (L("Follow up on \(Day(of: due).text)"), .plain)
    } else {
      (next, nextTone) = (L("Nothing planned"), .plain)
    }
  }

  private var moves: [CardMove] {
    mayMove
      ? Lead.Stage.allCases.filter { $0 != card.stage }
        .map { CardMove(card.id, from: card.stage, to: $0) } : []
  }

  static let keys = Keys<BoardCard>()
    .text("lead_id") { $0.card.id.description }.text("title", \.card.title)
    .text("company", \.card.company).text("owner_name") { card in
      card.card.ownerName.map { L(verbatim: $0) } ?? L("Nobody yet")
    }
    .text("value", \.value)
    .text("tier_name") { $0.card.tier?.words }.text("tier_tone") { $0.card.tier?.tone ?? .plain }
    .text("age") { card in
      let days = card.card.daysInStage
      return days == 0 ? L("since today") : L.plural(days, "for \(days) day", "for \(days) days")
    }
    .flag("is_test", \.card.isTest).flag("idle", \.isIdle)
    .text("idle_words") { card in
      L.plural(
        card.card.daysIdle, "Nothing new for \(card.card.daysIdle) day",
        "Nothing new for \(card.card.daysIdle) days")
    }
    .text("next", \.next).text("next_tone", \.nextTone)
    .flag("may_move", \.mayMove).list("moves") { $0.moves }
}
