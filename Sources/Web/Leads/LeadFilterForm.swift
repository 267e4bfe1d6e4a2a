import CRM
import Templating

extension LeadList.Order.Key {
  var words: L {
    switch self {
    case .created: L("Captured")
    case .title: L("Title")
    case .company: L("Company")
    case .value: L("Value")
    case .score: L("Score")
    case .activity: L("Last activity")
    }
  }

  /// What people mean by a first click: names from A on, everything else from the top.
  var isFallingFirst: Bool { self != .title && self != .company }
}

/// A column's heading that sorts: first click, other way round, not at all.
struct SortLink: Templated {
  let name: L
  let url: String
  /// `ascending`, `descending`, or nil.
  let direction: String?

  init(_ key: LeadList.Order.Key, in list: LeadList) {
    let first = LeadList.Order(key, isFalling: key.isFallingFirst)
    let second = LeadList.Order(key, isFalling: !key.isFallingFirst)
    name = key.words
    let next: LeadList.Order? = list.order == first ? second : list.order == second ? nil : first
    url = list.url("sort", next == .newestFirst ? nil : next?.text)
    direction = list.order.key == key ? (list.order.isFalling ? "descending" : "ascending") : nil
  }

  static let keys = Keys<SortLink>()
    .text("sort_name", \.name).text("sort_url", \.url).text("sort_direction", \.direction)
}

/// The form behind "Filters", and a chip for each filter in force.
struct LeadFilterForm: Templated {
  let list: LeadList
  let members: [Member]
  /// What its text boxes suggest.
  var sources: [String] = []
  var clients: [String] = []
  let isOpen: Bool
  /// Where its chips lead: the list, or the board.
  var base = Links.leads

  private var filter: LeadFilter { list.filter }

  private var orders: [Choice] {
    LeadList.Order.Key.allCases.flatMap { key in
      [key.isFallingFirst, !key.isFallingFirst].map { LeadList.Order(key, isFalling: $0) }
    }.map { order in
      Choice(value: order.text, name: order.words, isSelected: order == list.order)
    }
  }

  private func choices<Value: CaseIterable & RawRepresentable>(
    _ chosen: Value?, _ words: (Value) -> L
  ) -> [Choice] where Value.RawValue == String {
    [Choice(value: "", name: L("Any"), isSelected: chosen == nil)]
      + Choice.all(chosen: chosen?.rawValue ?? "", words: words)
  }

  /// What is chosen by saying nothing comes first: open leads, or any where others may be meant.
  private var outcomes: [Choice] {
    let chosen = filter.outcome?.text ?? ""
    let unsaid = filter.life == .active && filter.client == nil ? Lead.Outcome.open : nil
    var choices = [(value: "", name: unsaid?.words ?? L("Any"))]
    choices += Lead.Outcome.allCases.filter { $0 != unsaid }.map { ($0.rawValue, $0.words) }
    if unsaid != nil { choices.append(("any", L("Any"))) }
    return choices.map {
      Choice(
        value: $0.value, name: $0.name,
        isSelected: $0.value == chosen || $0.value.isEmpty && chosen == (unsaid?.rawValue ?? "any"))
    }
  }

  private var owners: [Choice] {
    let chosen = filter.owner?.text ?? ""
    return [("", L("Any")), ("me", L("Me")), ("nobody", L("Nobody"))].map {
      Choice(value: $0.0, name: $0.1, isSelected: $0.0 == chosen)
    }
      + members.map {
        let id = $0.id.description
        return Choice(value: id, name: L(verbatim: $0.name), isSelected: id == chosen)
      }
  }

  private var lives: [Choice] {
    Choice.all(chosen: filter.life.rawValue) { (life: Lead.Life) in life.words }
  }

  /// What is in force besides the search and the stage, which show themselves.
  var chips: [Chip] {
    [
      ("outcome", outcomeWords), ("status", filter.contactStatus?.words),
      ("tier", filter.tier?.words), ("tag", filter.tag.map { L(verbatim: $0) }),
      ("owner", ownerWords), ("source", filter.source.map { L(verbatim: $0) }),
      ("from", filter.from.map { L("from \($0.text)") }),
      ("to", filter.to.map { L("to \($0.text)") }),
      ("followup", filter.followUp?.words),
      (
        "idle",
        filter.idleDays.map {
          L.plural($0, "Nothing new for \($0) day", "Nothing new for \($0) days")
        }
      ),
      ("close_from", filter.closeFrom.map { L("closing from \($0.text)") }),
      ("close_to", filter.closeTo.map { L("closing until \($0.text)") }),
      ("client", filter.client.map { L("Client: \($0)") }),
      ("language", filter.language?.words),
      ("paused", filter.isTakenOver.map { $0 == .yes ? L("Taken over") : L("Not taken over") }),
      ("suppressed", filter.isSuppressed.map { $0 == .yes ? L("No e-mail") : L("E-mail allowed") }),
      ("test", filter.isTest.map { $0 == .yes ? L("Tests only") : L("Without tests") }),
      ("life", filter.life == .active ? nil : filter.life.words),
    ].compactMap { name, words in
      // What is said by saying nothing is taken off by asking for all.
      let instead = name == "outcome" && filter.isOpenOnly ? "any" : nil
      return words.map { Chip(words: $0, url: list.url(name, instead, at: base)) }
    }
  }

  private var outcomeWords: L? {
    switch filter.outcome {
    case nil: filter.isOpenOnly ? Lead.Outcome.open.words : nil
    case .only(let outcome): outcome.words
    case .any: L("Any outcome")
    }
  }

  /// One of those below "More" is in force.
  private var isMoreOpen: Bool {
    filter.from != nil || filter.to != nil || filter.closeFrom != nil || filter.closeTo != nil
      || filter.client != nil || filter.language != nil || filter.isTakenOver != nil
      || filter.isSuppressed != nil || filter.isTest != nil
  }

  private var ownerWords: L? {
    switch filter.owner {
    case nil: nil
    case .me: L("Mine")
    case .nobody: L("Without an owner")
    case .member(let id): L(verbatim: members.first { $0.id == id }?.name ?? "–")
    }
  }

  struct Chip: Templated {
    let words: L
    let url: String
    static let keys = Keys<Chip>().text("chip", \.words).text("chip_url", \.url)
  }

  static let keys = Keys<LeadFilterForm>()
    .flag("filters_open", \.isOpen)
    .text("filters_url") { Links.list(Links.leads, $0.list.pairs + [("filters", "open")]) }
    .list("outcome_options") { $0.outcomes }
    .list("status_options") { form in form.choices(form.filter.contactStatus) { $0.words } }
    .list("tier_options") { form in form.choices(form.filter.tier) { $0.words } }
    .list("order_options") { $0.orders }.list("owner_options") { $0.owners }.list("life_options") {
      $0.lives
    }
    .list("followup_options") { form in form.choices(form.filter.followUp) { $0.words } }
    .list("language_options") { form in form.choices(form.filter.language) { $0.words } }
    .list("paused_options") { form in form.choices(form.filter.isTakenOver) { $0.words } }
    .list("suppressed_options") { form in form.choices(form.filter.isSuppressed) { $0.words } }
    .list("test_options") { form in form.choices(form.filter.isTest) { $0.words } }
    .text("filter_idle") { $0.filter.idleDays.map(String.init) }
    .text("filter_close_from", \.filter.closeFrom?.text)
    .text("filter_close_to", \.filter.closeTo?.text).text("filter_client", \.filter.client)
    .list("source_options") { $0.sources.map { Suggestion(name: L(verbatim: $0)) } }
    .list("client_options") { $0.clients.map { Suggestion(name: L(verbatim: $0)) } }
    .flag("more_open", \.isMoreOpen)
    .text("filter_tag", \.filter.tag).text("filter_source", \.filter.source)
    .text("filter_from", \.filter.from?.text).text("filter_to", \.filter.to?.text)
    .flag("has_chips") { !$0.chips.isEmpty }.list("chips") { $0.chips }
}

extension LeadList.Order {
  var words: L {
    switch (key, isFalling) {
    case (.created, true): L("Newest first")
    case (.created, false): L("Oldest first")
    case (.title, false): L("Title, A first")
    case (.title, true): L("Title, Z first")
    case (.company, false): L("Company, A first")
    case (.company, true): L("Company, Z first")
    case (.value, true): L("Highest value first")
    case (.value, false): L("Lowest value first")
    case (.score, true): L("Highest score first")
    case (.score, false): L("Lowest score first")
    case (.activity, true): L("Latest activity first")
    case (.activity, false): L("Longest without activity first")
    }
  }
}

extension LeadFilter.FollowUp {
  var words: L {
    switch self {
    case .due: L("Follow-up due")
    case .planned: L("Follow-up planned")
    case .none: L("No follow-up planned")
    }
  }
}

extension LeadFilter.Language {
  var words: L {
    switch self {
    case .english: L("English")
    case .french: L("French")
    case .unknown: L("Language not known")
    }
  }
}

extension LeadFilter.Answer {
  var words: L {
    switch self {
    case .yes: L("Yes")
    case .no: L("No")
    }
  }
}

extension Lead.Life {
  var words: L {
    switch self {
    case .active: L("In the lists")
    case .archived: L("Archived")
    case .deleted: L("Deleted")
    }
  }
}
