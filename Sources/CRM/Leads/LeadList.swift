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
  package let createdAt: Timestamp

  fileprivate static let columns: SQL = """
    l.id, l.title, l.company, l.contact_name, l.contact_email, l.stage, l.outcome, l.priority_tier,
    o.display_name,
    l.estimated_value, l.suppressed_at is not null, l.created_at
    """

  fileprivate static let owner: SQL =
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
    order by l.id desc limit 11
    """, all: LeadSummary.init(row:))

  fileprivate init(row: inout Row) throws {
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
    createdAt = try row.next()
  }
}

/// Which leads a list shows: newest first, a page at a time, each page starting after an id.
package struct LeadList: Sendable {
  package let filter: LeadFilter
  package let after: ID<Lead>?

  /// The statements ask for one more. They say 51 literally: a bound limit would hide from the
  /// planner that few rows are wanted, and every execution would be planned anew.
  package static let pageSize = 50

  /// More are not counted: a count never costs more than the rows.
  package static let countMax = 500

  package init(_ filter: LeadFilter, after: ID<Lead>?) {
    self.filter = filter
    self.after = after
  }

  /// One row more than a page, which says that there is another page.
  package var rows: Query<[LeadSummary]> {
    guard filter.isNarrow else { return everything }
    return Query(
      "LeadList.narrowed",
      """
      select \(LeadSummary.columns)
      from \(filter.ids(after: after, limit: "51")) found
      join leads l on l.tenant_id = app.tenant() and l.id = found.id
      \(LeadSummary.owner) order by l.id desc
      """, all: LeadSummary.init(row:))
  }

  /// How many there are, up to one more than `countMax`.
  package var count: Query<Int> {
    Query(
      "LeadList.count", "select count(*) from \(filter.ids(after: nil, limit: "501"))",
      only: { try $0.next() })
  }

  private var everything: Query<[LeadSummary]> {
    let start: SQL = after.map { "and l.id < \($0)" } ?? ""
    return Query(
      "LeadList.rows",
      """
      select \(LeadSummary.columns) from leads l \(LeadSummary.owner)
      where l.archived_at is null and l.deleted_at is null \(start)
      order by l.id desc limit 51
      """, all: LeadSummary.init(row:))
  }
}
