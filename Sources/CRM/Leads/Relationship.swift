import Postgres

/// That two leads have to do with each other.
package struct Relationship: Sendable {
  package let id: ID<Relationship>
  package let kind: Kind
  /// In a referral the one who referred.
  package let lead: End
  package let other: End
  package let note: String?

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case referral, colleague, family
    case sameCompany = "same_company"
  }

  package struct End: Sendable {
    package let id: ID<Lead>
    package let title: String
  }

  /// What a lead is to the other, as its record says it.
  package enum Role: String, CaseIterable, Sendable {
    case referredBy = "referred_by"
    case referred, colleague, family
    case sameCompany = "same_company"

    var kind: Kind {
      switch self {
      case .referredBy, .referred: .referral
      case .colleague: .colleague
      case .family: .family
      case .sameCompany: .sameCompany
      }
    }
  }

  /// What `lead` is in it.
  package func role(of lead: ID<Lead>) -> Role {
    switch kind {
    case .referral: self.lead.id == lead ? .referred : .referredBy
    case .colleague: .colleague
    case .family: .family
    case .sameCompany: .sameCompany
    }
  }

  package func end(beside lead: ID<Lead>) -> End { self.lead.id == lead ? other : self.lead }

  /// The lead's own, the oldest first, 50 at most; a deleted lead is related to nobody.
  package static func all(of lead: ID<Lead>) -> Query<[Relationship]> {
    Query(
      "Relationship.ofLead",
      "\(read(where: "\(touches(lead)) and \(lead) in (a.id, b.id)")) order by t.id limit 50",
      all: Relationship.init(row:))
  }

  /// Those that stand, each once: what was noted at a lead that went into another is the other's, and
  /// between two that have become one there is none.
  static func read(where condition: SQL) -> SQL {
    """
    select t.* from (
      select distinct on (least(a.id, b.id), greatest(a.id, b.id), r.kind)
             r.id, r.kind, a.id, a.title, b.id, b.title, r.note
      from \(ends) where \(stands) and \(condition)
      order by least(a.id, b.id), greatest(a.id, b.id), r.kind, r.id
    ) t (id, kind, lead_id, lead_title, other_id, other_title, note)
    """
  }

  /// A relationship `r` between the leads `a` and `b` that its ends are by now.
  private static let ends: SQL = """
    lead_relationships r
    join leads x on x.tenant_id = r.tenant_id and x.id = r.lead_id
    cross join lateral \(survivor(of: "x")) a
    join leads y on y.tenant_id = r.tenant_id and y.id = r.other_id
    cross join lateral \(survivor(of: "y")) b
    """

  /// The lead that the one under this alias has become. One lookup by key: an ordinary join on a computed id
  /// would be planned as one with all of the tenant's leads.
  static func survivor(of alias: SQL) -> SQL {
    """
    (select m.id, m.title, m.company, m.stage, m.outcome, m.deleted_at from leads m
     where m.tenant_id = \(alias).tenant_id and m.id = coalesce(\(alias).merged_into, \(alias).id) limit 1)
    """
  }

  private static let stands: SQL =
    "r.removed_at is null and a.deleted_at is null and b.deleted_at is null and a.id <> b.id"

  private static func touches(_ lead: ID<Lead>) -> SQL {
    """
    (r.lead_id = any (array\(Lead.family(of: lead))) or r.other_id = any (array\(Lead.family(of: lead))))
    """
  }

  /// Those of a kind between two leads: more than one where a merge brought them together.
  fileprivate static func between(_ one: ID<Lead>, _ other: ID<Lead>, _ kind: Kind) -> SQL {
    """
    (select r.id from \(ends) where \(stands) and \(touches(one)) and r.kind = \(kind)
       and \(one) in (a.id, b.id) and \(other) in (a.id, b.id))
    """
  }

  /// With its ends as they are by now, in the order of their ids; both stay locked.
  fileprivate static func locked(_ id: ID<Relationship>, at lead: ID<Lead>) -> Query<[Locked]> {
    Query(
      "Relationship.locked",
      """
      select l.id, l.title, r.kind from \(ends) join leads l on l.id in (a.id, b.id)
      where r.id = \(id) and \(stands) and \(lead) in (a.id, b.id)
      order by l.id for no key update of l
      """,
      all: { row in
        try Locked(end: End(id: row.next(), title: row.next()), kind: row.next())
      })
  }

  fileprivate struct Locked: Sendable {
    let end: End
    let kind: Kind
  }

  init(row: inout Row) throws {
    id = try row.next()
    kind = try row.next()
    lead = End(id: try row.next(), title: try row.next())
    other = End(id: try row.next(), title: try row.next())
    note = try row.next(optional: String.self)
  }
}

extension Lead {
  /// Notes what the lead is to another. The two are locked in the order of their ids, so that what
  /// somebody else notes at this moment is seen: what is there already is refused.
  package static func relate(
    _ id: ID<Lead>, to other: ID<Lead>, as role: Relationship.Role, note: String?,
    in tx: Transaction<some Entry>
  ) throws {
    let (_, ends, isNoted) = try tx.look(
      lockedEnds(id, other), isNoted(between: id, other, role.kind))
    guard id != other, let lead = ends.first(where: { $0.id == id }),
      let other = ends.first(where: { $0.id == other })
    else { throw NotFound() }
    guard !isNoted else { throw Refusal.alreadyThere }
    let relationship = ID<Relationship>()
    let (from, to) = role == .referredBy ? (other, lead) : (lead, other)
    tx.run(
      "Relationship.add",
      """
      insert into lead_relationships (tenant_id, id, lead_id, other_id, kind, note, created_by)
      values (app.tenant(), \(relationship), \(from.id), \(to.id), \(role.kind), \(note), app.actor())
      """)
    record(relationship, ends, isThere: true, in: tx)
  }

  /// Removes one that the lead's record shows, and what a merge had brought to the same two of its kind.
  package static func part(
    _ id: ID<Lead>, _ relationship: ID<Relationship>, in tx: Transaction<some Entry>
  ) throws {
    let (_, locked) = try tx.look(Relationship.locked(relationship, at: id))
    guard locked.count == 2 else { throw NotFound() }
    let ends = locked.map(\.end)
    tx.run(
      "Relationship.remove",
      """
      update lead_relationships set removed_at = now(), removed_by = app.actor()
      where id in \(Relationship.between(ends[0].id, ends[1].id, locked[0].kind))
      """)
    record(relationship, ends, isThere: false, in: tx)
  }

  private static func record(
    _ relationship: ID<Relationship>, _ ends: [Relationship.End], isThere: Bool,
    in tx: Transaction<some Entry>
  ) {
    tx.record([
      .relationshipChanged(relationship, at: ends[0].id, other: ends[1], isThere: isThere),
      .relationshipChanged(relationship, at: ends[1].id, other: ends[0], isThere: isThere),
    ])
  }

  /// Of the two, those that are there and not deleted, in the order of their ids.
  private static func lockedEnds(_ one: ID<Lead>, _ other: ID<Lead>) -> Query<[Relationship.End]> {
    Query(
      "Relationship.lockedEnds",
      """
      select l.id, l.title from leads l where l.id in (\(one), \(other)) and l.deleted_at is null
      order by l.id for no key update
      """, all: { row in try Relationship.End(id: row.next(), title: row.next()) })
  }

  private static func isNoted(
    between one: ID<Lead>, _ other: ID<Lead>, _ kind: Relationship.Kind
  ) -> Query<Bool> {
    Query(
      "Relationship.isNoted", "select exists \(Relationship.between(one, other, kind))",
      only: { try $0.next() })
  }
}
