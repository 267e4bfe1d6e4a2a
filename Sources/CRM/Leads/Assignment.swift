import Postgres

/// A row of `lead_assignments`: whom a lead was given to, how they were chosen, and why.
package enum Assignment {
  /// How an owner is found.
  package enum Strategy: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case manual
    case roundRobin = "round_robin"
    case leastLoaded = "least_loaded"
    case bySource = "by_source"
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

  /// Records whom leads were given to, everywhere it belongs; the new owner is told.
  static func give(
    _ moves: [(lead: ID<Lead>, from: ID<User>?)], to owner: ID<User>?, by strategy: Strategy,
    reason: String?, in tx: Transaction<some Entry>
  ) {
    let ids = moves.map { _ in ID<Assignment>() }
    tx.run(
      "Assignment.add",
      """
      insert into lead_assignments (tenant_id, id, lead_id, from_user, to_user, strategy, reason, actor_id)
      select app.tenant(), a.id, a.lead, a.from_user, \(owner), \(strategy), \(reason), app.actor()
      from unnest(\(SQL.ids(ids)), \(SQL.ids(moves.map(\.lead))), \(SQL.ids(moves.map(\.from)))) a (id, lead, from_user)
      """)
    tx.record(
      zip(moves, ids).map { move, id in
        .leadAssigned(
          move.lead, assignment: id, from: move.from, to: owner, by: strategy, reason: reason)
      })
    if let owner { tx.notifyOwner(owner, of: moves.map(\.lead)) }
  }
}

extension [Lead] {
  /// Gives to `owner` those that are not theirs yet, or to nobody.
  package func assign(
    to owner: ID<User>?, by strategy: Assignment.Strategy = .manual, reason: String?,
    in tx: Transaction<some Entry>
  ) {
    let moving = filter { $0.owner?.id != owner }
    guard !moving.isEmpty else { return }
    tx.run(
      "Lead.assign",
      "update leads set owner_id = \(owner) where id = any (\(SQL.ids(moving.map(\.id))))")
    Assignment.give(
      moving.map { ($0.id, $0.owner?.id) }, to: owner, by: strategy, reason: reason, in: tx)
  }
}

extension Lead {
  package func assign(to owner: ID<User>?, reason: String?, in tx: Transaction<some Entry>) throws {
    guard self.owner?.id != owner else { throw Refusal.alreadyThere }
    [self].assign(to: owner, reason: reason, in: tx)
  }
}
