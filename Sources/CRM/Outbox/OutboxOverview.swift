import Postgres

/// What an operator sees of the outbox: every tenant's, or one's. Only for the entry `Operator`,
/// which no tenant's fence holds.
package enum OutboxOverview {
  package struct Count: Sendable {
    package let state: Delivery.State
    package let count: Int
    /// When the oldest of them was approved.
    package let oldest: Timestamp
  }

  /// A delivery that waits for a person.
  package struct Standing: Sendable {
    package let id: ID<Delivery>
    package let tenantSlug: String
    package let state: Delivery.State
    package let attempts: Int
    package let since: Timestamp
    package let reason: String?
  }

  package static let standingMax = 100

  package static func counts(in tenant: ID<Tenant>?) -> Query<[Count]> {
    Query(
      "OutboxOverview.counts",
      """
      select state, count(*), min(created_at) from deliveries
      where \(tenant)::uuid is null or tenant_id = \(tenant)
      group by state
      """, all: { row in try Count(state: row.next(), count: row.next(), oldest: row.next()) })
  }

  /// Longest standing first.
  package static func standing(in tenant: ID<Tenant>?) -> Query<[Standing]> {
    Query(
      "OutboxOverview.standing",
      """
      select x.id, t.slug, x.state, x.attempts, x.updated_at, x.last_error
      from deliveries x join tenants t on t.id = x.tenant_id
      where x.state in ('uncertain', 'blocked', 'dead')
        and (\(tenant)::uuid is null or x.tenant_id = \(tenant))
      order by x.updated_at, x.id limit \(standingMax)
      """,
      all: { row in
        try Standing(
          id: row.next(), tenantSlug: row.next(), state: row.next(), attempts: row.next(),
          since: row.next(), reason: row.next(optional: String.self))
      })
  }

  /// Whose delivery it is, and where it stands.
  package static func place(
    of delivery: ID<Delivery>
  ) -> Query<(tenant: ID<Tenant>, state: Delivery.State)?> {
    Query(
      "OutboxOverview.place", "select tenant_id, state from deliveries where id = \(delivery)",
      one: { row in (tenant: try row.next(), state: try row.next()) })
  }
}
