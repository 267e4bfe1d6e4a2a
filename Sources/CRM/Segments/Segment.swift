import Postgres

/// A list's filter with a name, for oneself or for everybody; counted when it is saved, and hourly.
package struct Segment: Sendable {
  package let id: ID<Segment>
  package let name: String
  /// The filter in the grammar of the list's URL.
  package let pairs: [(name: String, value: String)]
  package let owner: Member
  package let isMine: Bool
  package let isShared: Bool
  package let count: Int?
  package let countedAt: Timestamp?

  package enum Refusal: Error, Equatable {
    case nameTaken
  }

  /// One's own and the shared ones, by name. A list of "my" leads is another one for each person: somebody
  /// else's is counted for who asks, the hourly count is its owner's.
  package static let all = Query<[Segment]>(
    "Segment.all",
    """
    \(record(count: "case when t.is_theirs then app.count_leads(s.filter, 1000000) else s.lead_count end",
              at: "case when t.is_theirs then now() else s.counted_at end"))
    cross join lateral (
      select s.owner_id <> (select app.actor()) and s.filter ->> 'owner' = 'me' as is_theirs) t
    order by lower(s.name), s.id limit 200
    """, all: Segment.init(row:))

  package static func find(_ id: ID<Segment>?) -> Query<Segment?> {
    Query(
      "Segment.find", "\(record(count: "s.lead_count", at: "s.counted_at")) where s.id = \(id)",
      one: Segment.init(row:))
  }

  private static func record(count: SQL, at: SQL) -> SQL {
    """
    select s.id, s.name,
           (select array_agg(k order by k) from jsonb_each_text(jsonb_strip_nulls(s.filter)) f (k, v)),
           (select array_agg(v order by k) from jsonb_each_text(jsonb_strip_nulls(s.filter)) f (k, v)),
           s.sort, s.owner_id, m.display_name, s.owner_id = (select app.actor()), s.is_shared,
           \(count), \(at)
    from segments s join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.owner_id
    """
  }

  private init(row: inout Row) throws {
    id = try row.next()
    name = try row.next()
    let names = try row.next(optional: CodeArray.self)?.elements ?? []
    let values = try row.next(optional: CodeArray.self)?.elements ?? []
    let sort = try row.next(optional: String.self)
    pairs = zip(names, values).map { (name: $0, value: $1) } + (sort.map { [("sort", $0)] } ?? [])
    owner = Member(id: try row.next(), name: try row.next())
    isMine = try row.next()
    isShared = try row.next()
    count = try row.next(optional: Int.self)
    countedAt = try row.next(optional: Timestamp.self)
  }
}

extension Segment {
  /// Saves a list under a name, and counts it.
  package static func save(
    _ list: LeadList, name: String, isShared: Bool, as id: ID<Segment>,
    in tx: Transaction<some Entry>
  ) {
    tx.run(
      "Segment.save",
      """
      insert into segments (tenant_id, id, name, filter, sort, owner_id, is_shared, lead_count, counted_at)
      values (app.tenant(), \(id), \(name), jsonb_strip_nulls(\(list.filter.json)), \(list.order == .newestFirst ? nil : list.order.text),
              app.actor(), \(isShared), app.count_leads(\(list.filter.json), 1000000), now())
      """)
    tx.audit([AuditRow("segment_saved", of: "segment", id, FieldChange("name", nil, name))])
  }

  /// Looks at one's own segment and lets `decide` queue the change; row security keeps others' from it.
  package static func change(
    _ id: ID<Segment>, in tx: Transaction<some Entry>, _ decide: (Segment) throws -> Void
  ) throws {
    let (_, found) = try tx.look(find(id))
    guard let segment = found, segment.isMine else { throw NotFound() }
    try decide(segment)
  }

  /// Takes the filter and the order of a list in place of its own.
  package func keep(_ list: LeadList, in tx: Transaction<some Entry>) {
    let sort = list.order == .newestFirst ? nil : list.order.text
    tx.run(
      "Segment.keep",
      """
      update segments
      set filter = jsonb_strip_nulls(\(list.filter.json)), sort = \(sort),
          lead_count = app.count_leads(\(list.filter.json), 1000000), counted_at = now()
      where id = \(id)
      """)
    let changes = (list.filter.pairs + [("sort", sort)]).compactMap { name, value in
      FieldChange(name, pairs.first { $0.name == name }?.value, value)
    }
    tx.audit(changes.map { AuditRow("segment_saved", of: "segment", id, $0) })
  }

  package func recount(in tx: Transaction<some Entry>) {
    tx.run(
      "Segment.recount",
      "update segments set lead_count = app.count_leads(filter, 1000000), counted_at = now() where id = \(id)"
    )
  }

  package func rename(_ name: String, isShared: Bool, in tx: Transaction<some Entry>) {
    tx.run(
      "Segment.rename",
      """
      update segments set name = \(name), is_shared = \(isShared) where id = \(id)
      """)
    tx.audit([AuditRow("segment_saved", of: "segment", id, FieldChange("name", self.name, name))])
  }

  package func delete(in tx: Transaction<some Entry>) {
    tx.run("Segment.delete", "select app.delete_segment(\(id))")
    tx.audit([AuditRow("segment_deleted", of: "segment", id, FieldChange("name", name, nil))])
  }
}

extension Segment.Refusal {
  package init?(_ error: PostgresError) {
    guard error.constraint == "segments_name_key" else { return nil }
    self = .nameTaken
  }
}
