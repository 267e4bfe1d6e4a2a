import CRM
import HTTP

/// A filter that says something which means nothing. It is no list of all leads: they would be shown, exported
/// and changed as if nobody had narrowed them.
struct UnreadableFilter: Error {
  let name: String
  let value: String
}

/// The lead list's filter as its URL says it, both ways.
extension LeadFilter {
  /// Throws ``UnreadableFilter``.
  init(_ query: NamedValues) throws {
    self.init()
    func text(_ name: String) throws -> String? {
      let text = try query.value(name)?.trimmed ?? ""
      return text.isEmpty ? nil : text
    }
    func value<Value>(_ name: String, _ read: (String) -> Value?) throws -> Value? {
      guard let text = try text(name) else { return nil }
      guard let value = read(text) else { throw UnreadableFilter(name: name, value: text) }
      return value
    }
    words = try text("q")
    stage = try value("stage", Lead.Stage.init)
    outcome = try value("outcome", Outcome.init(text:))
    contactStatus = try value("status", Lead.ContactStatus.init)
    tier = try value("tier", Lead.Tier.init)
    tag = try value("tag") { Tags(typed: $0)?.words.first }
    owner = try value("owner", Owner.init(text:))
    source = try text("source")
    from = try value("from", Day.init)
    to = try value("to", Day.init)
    followUp = try value("followup", FollowUp.init)
    idleDays = try value("idle") { typed in
      Int(strictDecimal: typed).flatMap { (1...Self.idleDaysMax).contains($0) ? $0 : nil }
    }
    closeFrom = try value("close_from", Day.init)
    closeTo = try value("close_to", Day.init)
    client = try text("client")
    language = try value("language", Language.init)
    isTakenOver = try value("paused", Answer.init)
    isSuppressed = try value("suppressed", Answer.init)
    isTest = try value("test", Answer.init)
    life = try value("life", Lead.Life.init) ?? .active
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
      after: try visit.queryID("after", of: Lead.self),
      segment: try visit.queryID("segment", of: Segment.self))
  }

  /// What a segment alone in the URL stands for, once it is read.
  func resolved(by segment: Segment?) throws -> LeadList {
    guard isAsSaved else { return self }
    guard let segment else { throw NotFound() }
    let saved = try LeadList(segment)
    return LeadList(
      saved.filter, by: order == .newestFirst ? saved.order : order, size: size, after: after,
      segment: segment.id)
  }

  /// A segment's list, as it was saved.
  init(_ segment: Segment) throws {
    let saved = NamedValues(segment.pairs)
    self.init(
      try LeadFilter(saved), by: try saved.value("sort").flatMap(Order.init) ?? .newestFirst,
      segment: segment.id)
  }

  /// Filter, order, size and segment; not the page.
  var pairs: [(name: String, value: String?)] {
    filter.pairs + [
      ("sort", order == .newestFirst ? nil : order.text),
      ("size", size == .middle ? nil : String(size.rawValue)),
      // Beside no filter it would stand for its own.
      ("segment", filter.isNarrow ? segment?.description : nil),
    ]
  }

  /// The same list with one thing said otherwise; nil takes it out.
  func url(_ name: String, _ value: String?, at base: String = Links.leads) -> String {
    let filters = Set(filter.pairs.map(\.name))
    let said = pairs.map { $0.name == name ? (name: name, value: value) : $0 }
    let isNarrow = said.contains { filters.contains($0.name) && $0.value != nil }
    return Links.list(base, isNarrow ? said : said.filter { $0.name != "segment" })
  }
}
