import Postgres

/// A row of `lead_assignments`: whom a lead was given to, how they were chosen, and why.
package struct Assignment: Sendable {
  /// How an owner is found.
  package enum Strategy: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case manual
    case roundRobin = "round_robin"
    case leastLoaded = "least_loaded"
    case bySource = "by_source"
  }

  package let from: String?
  package let to: String?
  package let strategy: Strategy
  package let reason: String?
  package let at: Timestamp

  package static func latest(of lead: ID<Lead>) -> Query<Assignment?> {
    Query(
      "Assignment.latest",
      """
      select f.display_name, t.display_name, a.strategy, a.reason, a.created_at
      from lead_assignments a
      left join memberships f on f.tenant_id = a.tenant_id and f.user_id = a.from_user
      left join memberships t on t.tenant_id = a.tenant_id and t.user_id = a.to_user
      where a.lead_id = \(lead) order by a.id desc limit 1
      """,
      one: { row in
        try Assignment(
          from: row.next(optional: String.self), to: row.next(optional: String.self),
          strategy: row.next(), reason: row.next(optional: String.self), at: row.next())
      })
  }

  /// Whom the tenant's strategy gives a new lead of this source to; nil where that is done by hand.
  static func choice(source: String?) -> Query<Choice?> {
    Query(
      "Assignment.choice",
      "select user_id, strategy, reason from app.choose_owners(array[\(source)::text])",
      one: { row in
        try Choice(
          owner: row.next(optional: ID<User>.self), strategy: row.next(),
          reason: row.next(optional: String.self))
      })
  }

  struct Choice: Sendable {
    let owner: ID<User>?
    let strategy: Strategy
    let reason: String?
  }

  static func add(
    _ moves: [(lead: ID<Lead>, from: ID<User>?)], to owner: ID<User>?, by strategy: Strategy,
    reason: String?, as ids: [ID<Assignment>], in tx: Transaction<some Entry>
  ) {
    tx.run(
      "Assignment.add",
      """
      insert into lead_assignments (tenant_id, id, lead_id, from_user, to_user, strategy, reason, actor_id)
      select app.tenant(), a.id, a.lead, a.from_user, \(owner), \(strategy), \(reason), app.actor()
      from unnest(\(SQL.ids(ids)), \(SQL.ids(moves.map(\.lead))), \(SQL.ids(moves.map(\.from)))) a (id, lead, from_user)
      """)
  }
}

extension [Lead] {
  /// Gives to `owner` those that are not theirs yet, or to nobody. The new owner is told.
  package func assign(
    to owner: ID<User>?, by strategy: Assignment.Strategy = .manual, reason: String?,
    in tx: Transaction<some Entry>
  ) {
    let moving = filter { $0.owner?.id != owner }
    guard !moving.isEmpty else { return }
    tx.run(
      "Lead.assign",
      "update leads set owner_id = \(owner) where id = any (\(SQL.ids(moving.map(\.id))))")
    let ids = moving.map { _ in ID<Assignment>() }
    Assignment.add(
      moving.map { ($0.id, $0.owner?.id) }, to: owner, by: strategy, reason: reason, as: ids, in: tx
    )
    tx.record(
      zip(moving, ids).map { lead, id in
        .leadAssigned(
          lead.id, assignment: id, from: lead.owner?.id, to: owner, by: strategy, reason: reason)
      })
    if let owner {
      tx.notify(owner, .assigned, about: moving.count == 1 ? moving[0].id : nil)
    }
  }
}

extension Lead {
  package func assign(to owner: ID<User>?, reason: String?, in tx: Transaction<some Entry>) throws {
    guard self.owner?.id != owner else { throw Refusal.alreadyThere }
    [self].assign(to: owner, reason: reason, in: tx)
  }
}
