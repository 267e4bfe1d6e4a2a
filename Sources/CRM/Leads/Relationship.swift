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
      """
      \(record) where r.removed_at is null and a.deleted_at is null and b.deleted_at is null
        and (r.lead_id = \(lead) or r.other_id = \(lead))
      order by r.id limit 50
      """, all: Relationship.init(row:))
  }

  static let record: SQL = """
    select r.id, r.kind, a.id, a.title, b.id, b.title, r.note from lead_relationships r
    join leads a on a.tenant_id = r.tenant_id and a.id = r.lead_id
    join leads b on b.tenant_id = r.tenant_id and b.id = r.other_id
    """

  init(row: inout Row) throws {
    id = try row.next()
    kind = try row.next()
    lead = End(id: try row.next(), title: try row.next())
    other = End(id: try row.next(), title: try row.next())
    note = try row.next(optional: String.self)
  }
}

extension Lead {
  /// Notes what the lead is to another. The two are locked in the order of their ids. What is noted
  /// already raises `lead_relationships_live_key`.
  package static func relate(
    _ id: ID<Lead>, to other: ID<Lead>, as role: Relationship.Role, note: String?,
    in tx: Transaction<some Entry>
  ) throws {
    let (_, ends) = try tx.look(lockedEnds(id, other))
    guard id != other, let lead = ends.first(where: { $0.id == id }),
      let other = ends.first(where: { $0.id == other })
    else { throw NotFound() }
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

  package static func part(
    _ id: ID<Lead>, _ relationship: ID<Relationship>, in tx: Transaction<some Entry>
  ) throws {
    let (_, ends) = try tx.look(lockedEnds(of: relationship, at: id))
    guard ends.count == 2 else { throw NotFound() }
    tx.run(
      "Relationship.remove",
      "update lead_relationships set removed_at = now(), removed_by = app.actor() where id = \(relationship)"
    )
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

  private static func lockedEnds(
    of relationship: ID<Relationship>, at lead: ID<Lead>
  ) -> Query<[Relationship.End]> {
    Query(
      "Relationship.lockedEndsOf",
      """
      select l.id, l.title from leads l
      where l.id in (select unnest(array[r.lead_id, r.other_id]) from lead_relationships r
                     where r.id = \(relationship) and r.removed_at is null
                       and \(lead) in (r.lead_id, r.other_id))
      order by l.id for no key update
      """, all: { row in try Relationship.End(id: row.next(), title: row.next()) })
  }
}
