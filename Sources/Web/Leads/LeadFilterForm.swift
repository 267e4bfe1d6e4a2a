import CRM
import HTTP
import Templating

/// The lead list's filter as its URL says it, both ways. What means nothing is left out: a link from
/// last year still shows a list.
extension LeadFilter {
  init(_ query: NamedValues) throws {
    self.init()
    func value(_ name: String) throws -> String? {
      let text = try query.value(name)?.trimmed ?? ""
      return text.isEmpty ? nil : text
    }
    words = try value("q")
    stage = try value("stage").flatMap(Lead.Stage.init)
    outcome = try value("outcome").flatMap(Lead.Outcome.init)
    contactStatus = try value("status").flatMap(Lead.ContactStatus.init)
    tier = try value("tier").flatMap(Lead.Tier.init)
    tag = try value("tag").flatMap { Tags(typed: $0)?.words.first }
    owner = try value("owner").flatMap(Owner.init(text:))
    source = try value("source")
    from = try value("from").flatMap(Day.init)
    to = try value("to").flatMap(Day.init)
    life = try value("life").flatMap(Lead.Life.init) ?? .active
  }

  /// By the names of the URL; nil is left out of it.
  var pairs: [(name: String, value: String?)] {
    [
      ("q", words), ("stage", stage?.rawValue), ("outcome", outcome?.rawValue),
      ("status", contactStatus?.rawValue), ("tier", tier?.rawValue), ("tag", tag),
      ("owner", owner?.text), ("source", source), ("from", from?.text), ("to", to?.text),
      ("life", life == .active ? nil : life.rawValue),
    ]
  }

}

/// The whole state of a list as its URL says it, both ways.
extension LeadList {
  init(_ visit: Visit) throws {
    let query = visit.request.query
    self.init(
      try LeadFilter(query), by: try query.value("sort").flatMap(Order.init) ?? .newestFirst,
      size: try query.value("size").flatMap { Int(strictDecimal: $0) }.flatMap(Size.init)
        ?? .middle,
      after: try visit.queryID("after", of: Lead.self))
  }

  /// Filter, order and size; not the page.
  var pairs: [(name: String, value: String?)] {
    filter.pairs + [
      ("sort", order == .newestFirst ? nil : order.text),
      ("size", size == .middle ? nil : String(size.rawValue)),
    ]
  }

  /// The same list with one thing said otherwise; nil takes it out.
  func url(_ name: String, _ value: String?, at base: String = Links.leads) -> String {
    Links.list(
      base, pairs.map { $0.name == name ? (name: name, value: value) : $0 })
  }
}

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
      ("outcome", filter.outcome?.words), ("status", filter.contactStatus?.words),
      ("tier", filter.tier?.words), ("tag", filter.tag.map { L(verbatim: $0) }),
      ("owner", ownerWords), ("source", filter.source.map { L(verbatim: $0) }),
      ("from", filter.from.map { L("from \($0.text)") }),
      ("to", filter.to.map { L("to \($0.text)") }),
      ("life", filter.life == .active ? nil : filter.life.words),
    ].compactMap { name, words in
      words.map { Chip(words: $0, url: list.url(name, nil, at: base)) }
    }
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
    .list("outcome_options") { form in form.choices(form.filter.outcome) { $0.words } }
    .list("status_options") { form in form.choices(form.filter.contactStatus) { $0.words } }
    .list("tier_options") { form in form.choices(form.filter.tier) { $0.words } }
    .list("order_options") { $0.orders }.list("owner_options") { $0.owners }.list("life_options") {
      $0.lives
    }
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

extension Lead.Life {
  var words: L {
    switch self {
    case .active: L("In the lists")
    case .archived: L("Archived")
    case .deleted: L("Deleted")
    }
  }
}
