import Postgres

/// A person or company that may buy.
package struct Lead: Sendable {
  package let id: ID<Lead>
  package let title: String
  package let description: String
  package let company: String?
  package let source: String?
  package let owner: Member?
  package let stage: Stage
  package let stageSince: Timestamp
  package let estimatedValue: Money?
  package let suppression: Suppression?
  package let createdAt: Timestamp
  package let updatedAt: Timestamp
  /// Counts the lead's changes: an edit says which one it saw.
  package let revision: Int

  /// Why the business says no.
  package enum Refusal: Error, Equatable {
    case alreadyThere, reasonNeeded
    case emailAlreadyKnown, phoneAlreadyKnown
    case ownerUnknown
    /// A person of whom nothing would be left.
    case contactEmptied
    /// Somebody saved the lead after the form was shown.
    case changedMeanwhile
    case alreadySuppressed, notSuppressed
  }
}

/// There is no such thing in this tenant: 404, whether it exists elsewhere or not.
package struct NotFound: Error {
  package init() {}
}

extension Lead {
  package static func find(_ id: ID<Lead>) -> Query<Lead?> {
    Query("Lead.find", "\(record) where l.id = \(id)", one: Lead.init(row:))
  }

  /// The lead, locked until the transaction ends.
  static func locked(_ id: ID<Lead>) -> Query<Lead?> {
    Query(
      "Lead.locked", "\(record) where l.id = \(id) for no key update of l", one: Lead.init(row:))
  }

  /// The lead of a draft, locked before the draft is, in the order of everybody else.
  static func locked(with draft: ID<Draft>) -> Query<Lead?> {
    Query(
      "Lead.lockedWithDraft",
      """
      \(record) where l.id = (select lead_id from drafts where id = \(draft)) for no key update of l
      """, one: Lead.init(row:))
  }

  private static let record: SQL = """
    select l.id, l.title, l.description, l.company, l.source, l.owner_id, o.display_name, l.stage,
           l.stage_since, l.estimated_value, l.suppressed_at, l.suppressed_reason, s.display_name,
           l.created_at, l.updated_at, l.revision
    from leads l
    left join memberships o on o.tenant_id = l.tenant_id and o.user_id = l.owner_id
    left join memberships s on s.tenant_id = l.tenant_id and s.user_id = l.suppressed_by
    """

  private init(row: inout Row) throws {
    id = try row.next()
    title = try row.next()
    description = try row.next()
    company = try row.next(optional: String.self)
    source = try row.next(optional: String.self)
    let ownerID = try row.next(optional: ID<User>.self)
    let ownerName = try row.next(optional: String.self)
    owner = ownerID.map { Member(id: $0, name: ownerName ?? "") }
    stage = try row.next()
    stageSince = try row.next()
    estimatedValue = try row.next(optional: Money.self)
    let since = try row.next(optional: Timestamp.self)
    let reason = try row.next(optional: String.self)
    let person = try row.next(optional: String.self)
    suppression = since.map { Suppression(since: $0, reason: reason ?? "", by: person ?? "") }
    createdAt = try row.next()
    updatedAt = try row.next()
    revision = try row.next()
  }
}
