import Postgres

/// One line of the lead list.
package struct LeadSummary: Sendable {
  package let id: ID<Lead>
  package let title: String
  package let company: String?
  package let personName: String?
  package let email: String?
  package let stage: Lead.Stage
  package let ownerName: String?
  package let estimatedValue: Money?
  package let isSuppressed: Bool
  package let createdAt: Timestamp

  fileprivate static let columns: SQL = """
    l.id, l.title, l.company, l.contact_name, l.contact_email, l.stage, o.display_name,
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
    ownerName = try row.next(optional: String.self)
    estimatedValue = try row.next(optional: Money.self)
    isSuppressed = try row.next()
    createdAt = try row.next()
  }
}

/// Which leads a list shows: newest first, a page at a time, each page starting after an id.
package struct LeadList: Sendable {
  /// What is searched for in title, company, person and address; nil shows all.
  package let words: String?
  package let stage: Lead.Stage?
  package let after: ID<Lead>?

  /// The statements ask for one more. They say 51 literally: a bound limit would hide from the
  /// planner that few rows are wanted, and every execution would be planned anew.
  package static let pageSize = 50

  package init(words: String?, stage: Lead.Stage?, after: ID<Lead>?) {
    self.words = words
    self.stage = stage
    self.after = after
  }

  package var isNarrowed: Bool { words != nil || stage != nil }

  /// One row more than a page, which says that there is another page.
  package var rows: Query<[LeadSummary]> {
    if let words {
      Query(
        "LeadList.search",
        """
        select \(LeadSummary.columns)
        from app.search_leads(\(Self.pattern(words)), \(stage), \(after), 51) found
        join leads l on l.tenant_id = app.tenant() and l.id = found.id
        \(LeadSummary.owner) order by l.id desc
        """, all: LeadSummary.init(row:))
    } else {
      Query(
        "LeadList.rows",
        """
        select \(LeadSummary.columns) from leads l \(LeadSummary.owner) \(narrowing)
        order by l.id desc limit 51
        """, all: LeadSummary.init(row:))
    }
  }

  private static let live: SQL = "where l.archived_at is null and l.deleted_at is null"

  /// Only the conditions that apply, so that each combination has its own best plan.
  private var narrowing: SQL {
    switch (stage, after) {
    case (nil, nil): Self.live
    case (let stage?, nil): "\(Self.live) and l.stage = \(stage)"
    case (nil, let after?): "\(Self.live) and l.id < \(after)"
    case (let stage?, let after?): "\(Self.live) and l.stage = \(stage) and l.id < \(after)"
    }
  }

  /// A LIKE pattern that finds `words` anywhere, case aside; `%`, `_` and `\` stand for themselves.
  private static func pattern(_ words: String) -> String {
    var pattern: [UInt8] = [UInt8(ascii: "%")]
    for byte in words.lowercased().utf8 {
      if byte == UInt8(ascii: "%") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "\\") {
        pattern.append(UInt8(ascii: "\\"))
      }
      pattern.append(byte)
    }
    return String(decoding: pattern + [UInt8(ascii: "%")], as: UTF8.self)
  }
}
