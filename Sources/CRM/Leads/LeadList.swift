import Postgres

/// One line of the lead list.
package struct LeadSummary: Sendable {
  package let id: ID<Lead>
  package let title: String
  package let company: String?
  package let personName: String?
  package let email: String?
  package let stage: Lead.Stage
  package let outcome: Lead.Outcome
  package let tier: Lead.Tier?
  package let ownerName: String?
  package let estimatedValue: Money?
  package let isSuppressed: Bool
  package let isTest: Bool
  package let createdAt: Timestamp

  static let columns: SQL = """
    l.id, l.title, l.company, l.contact_name, l.contact_email, l.stage, l.outcome, l.priority_tier,
    o.display_name,
    l.estimated_value, l.suppressed_at is not null, l.is_test, l.created_at
    """

  static let owner: SQL =
    "left join memberships o on o.tenant_id = l.tenant_id and o.user_id = l.owner_id"

  /// New leads of the person asking, or of nobody, that may be written to and were not; newest
  /// first, 11 at most.
  package static let unwritten = Query<[LeadSummary]>(
    "LeadSummary.unwritten",
    """
    select \(columns) from leads l \(owner)
    where l.stage = 'new' and l.suppressed_at is null and l.outcome = 'open'
      and l.archived_at is null and l.deleted_at is null
      and (l.owner_id = (select app.actor()) or l.owner_id is null)
      and not exists (select from drafts d where d.tenant_id = l.tenant_id and d.lead_id = l.id)
      and not exists (select from leads f join drafts d on d.tenant_id = f.tenant_id and d.lead_id = f.id
                      where f.tenant_id = l.tenant_id and f.merged_into = l.id)
    order by l.id desc limit 11
    """, all: LeadSummary.init(row:))

  /// Whether the person asking has an open lead, or may take one that nobody has.
  package static let isAnyOpen = Query<Bool>(
    "LeadSummary.isAnyOpen",
    """
    select exists (
      select from leads l
      where (l.owner_id = (select app.actor()) or l.owner_id is null)
        and l.outcome = 'open' and l.archived_at is null and l.deleted_at is null)
    """, only: { try $0.next() })

  init(row: inout Row) throws {
    id = try row.next()
    title = try row.next()
    company = try row.next(optional: String.self)
    personName = try row.next(optional: String.self)
    email = try row.next(optional: String.self)
    stage = try row.next()
    outcome = try row.next()
    tier = try row.next(optional: Lead.Tier.self)
    ownerName = try row.next(optional: String.self)
    estimatedValue = try row.next(optional: Money.self)
    isSuppressed = try row.next()
    isTest = try row.next()
    createdAt = try row.next()
  }
}

/// Which leads a list shows, in which order, a page at a time, each page starting after an id.
package struct LeadList: Sendable {
  package let filter: LeadFilter
  package let order: Order
  package let size: Size
  package let after: ID<Lead>?
  /// The saved list that it is, or began as.
  package let segment: ID<Segment>?

  /// What a list is sorted by.
  package struct Order: Sendable, Equatable {
    package let key: Key
    package let isFalling: Bool

    package enum Key: String, CaseIterable, Sendable {
      case created, title, company, value, score, activity
    }

    package init(_ key: Key, isFalling: Bool) {
      self.key = key
      self.isFalling = isFalling
    }

    package static let newestFirst = Order(.created, isFalling: true)

    /// As the URL says it: `title`, `-value`.
    package var text: String { isFalling ? "-\(key.rawValue)" : key.rawValue }
  }

  /// Rows of a page. A page asks for one more, which says that there is another.
  package enum Size: Int, CaseIterable, Sendable {
    case small = 25
    case middle = 50
    case large = 100
  }

  /// More are not counted: a count never costs more than the rows.
  package static let countMax = 500

  /// The most that one file or one bulk change takes.
  package static let exportMax = 50_000
  package static let bulkMax = 5_000

  package init(
    _ filter: LeadFilter, by order: Order = .newestFirst, size: Size = .middle,
    after: ID<Lead>? = nil, segment: ID<Segment>? = nil
  ) {
    self.filter = filter
    self.order = order
    self.size = size
    self.after = after
    self.segment = segment
  }

  /// It says a segment and no filter: it is the segment's list as it was saved, which the database reads.
  package var isAsSaved: Bool { segment != nil && !filter.isNarrow }

  private var filterSQL: SQL {
    isAsSaved
      ? "(select s.filter from segments s where s.id = \(segment))" : "\(filter.json)::jsonb"
  }

  private var orderSQL: SQL {
    let said = order == .newestFirst ? nil : order.text
    return isAsSaved
      ? "coalesce(\(said)::text, (select s.sort from segments s where s.id = \(segment)))"
      : "\(said)::text"
  }

  /// One row more than a page, where there is another page.
  package var rows: Query<Rows> {
    // The list as it is opened all day says its limit literally: a bound one would hide from the planner
    // that few rows are wanted, and every execution would be planned anew.
    guard filter.isNarrow || isAsSaved || order != .newestFirst || size != .middle else {
      return everything
    }
    let cap = filter.isNarrow || isAsSaved ? Self.countMax + 1 : 0  // All leads are not counted.
    return Query(
      "LeadList.found",
      """
      select \(LeadSummary.columns), f.is_similar, f.total
      from app.list_leads(\(filterSQL), \(orderSQL), \(after), \(size.rawValue + 1), \(cap))
        with ordinality f (id, is_similar, total, place)
      join leads l on l.tenant_id = (select app.tenant()) and l.id = f.id
      \(LeadSummary.owner) order by f.place
      """,
      all: { row in
        (
          lead: try LeadSummary(row: &row), isSimilar: try row.next(Bool.self),
          total: try row.next(optional: Int.self)
        )
      }
    ).map {
      Rows(
        leads: $0.map(\.lead), areSimilar: $0.first?.isSimilar == true,
        total: $0.isEmpty && after == nil ? 0 : $0.first?.total)
    }
  }

  package struct Rows: Sendable {
    package let leads: [LeadSummary]
    /// Nothing has the words that were searched for; these have similar ones.
    package let areSimilar: Bool
    /// How many there are on all pages, similar ones aside, up to one more than `countMax`; nil where nobody counted.
    package let total: Int?
  }

  /// The function that finds ids; the place of each row in the answer is its place in the list.
  func found(after: ID<Lead>?, limit: Int) -> SQL {
    "app.find_leads(\(filterSQL), \(orderSQL), \(after), \(limit))"
  }

  private var everything: Query<Rows> {
    let start: SQL = after.map { "and l.id < \($0)" } ?? ""
    return Query(
      "LeadList.rows",
      """
      select \(LeadSummary.columns) from leads l \(LeadSummary.owner)
      where l.outcome = 'open' and l.archived_at is null and l.deleted_at is null \(start)
      order by l.id desc limit 51
      """, all: LeadSummary.init(row:)
    ).map { Rows(leads: $0, areSimilar: false, total: nil) }
  }
}

extension LeadList.Order {
  package init?(text: String) {
    let isFalling = text.utf8.first == UInt8(ascii: "-")
    guard let key = Key(rawValue: isFalling ? String(text.dropFirst()) : text) else { return nil }
    self.init(key, isFalling: isFalling)
  }
}
