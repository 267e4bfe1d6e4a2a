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

  /// The same list without one of its filters.
  func url(without name: String) -> String {
    Links.list(Links.leads, pairs.filter { $0.name != name })
  }
}

extension LeadFilter.Owner {
  init?(text: String) {
    switch text {
    case "me": self = .me
    case "nobody": self = .nobody
    default:
      guard let id = ID<User>(text) else { return nil }
      self = .member(id)
    }
  }

  var text: String {
    switch self {
    case .me: "me"
    case .nobody: "nobody"
    case .member(let id): id.description
    }
  }
}

/// The form behind "Filters", and a chip for each filter in force.
struct LeadFilterForm: Templated {
  let filter: LeadFilter
  let members: [Member]
  let isOpen: Bool

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
      words.map { Chip(words: $0, url: filter.url(without: name)) }
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
    .text("filters_url") { Links.list(Links.leads, $0.filter.pairs + [("filters", "open")]) }
    .list("outcome_options") { form in form.choices(form.filter.outcome) { $0.words } }
    .list("status_options") { form in form.choices(form.filter.contactStatus) { $0.words } }
    .list("tier_options") { form in form.choices(form.filter.tier) { $0.words } }
    .list("owner_options") { $0.owners }.list("life_options") { $0.lives }
    .text("filter_tag", \.filter.tag).text("filter_source", \.filter.source)
    .text("filter_from", \.filter.from?.text).text("filter_to", \.filter.to?.text)
    .flag("has_chips") { !$0.chips.isEmpty }.list("chips") { $0.chips }
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
