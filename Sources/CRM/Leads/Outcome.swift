import Postgres

extension Lead {
  /// How a lead ended, or that it has not.
  package enum Outcome: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case open, won, lost, unqualified
    case onHold = "on_ice"

    /// Losing, giving up and taking a win back are explained.
    package func needsReason(from: Outcome) -> Bool {
      from == .won || self == .lost || self == .unqualified
    }
  }
}

/// What a won lead becomes; several leads may belong to one.
package struct Client: Sendable {
  package let id: ID<Client>
  package let name: String

  /// Names to choose from, the newest first, 100 at most.
  package static let names = Query<[String]>(
    "Client.names", "select name from clients order by id desc limit 100", all: { try $0.next() })
}

/// One row of a lead's outcome history.
package struct OutcomeChange: Sendable {
  package let from: Lead.Outcome
  package let to: Lead.Outcome
  package let value: Money?
  /// Whole days from capture.
  package let days: Int
  package let at: Timestamp

  package static func latest(of lead: ID<Lead>) -> Query<OutcomeChange?> {
    Query(
      "OutcomeChange.latest",
      """
      select from_outcome, to_outcome, value, days, created_at from lead_outcome_history
      where lead_id = \(lead) order by id desc limit 1
      """,
      one: { row in
        try OutcomeChange(
          from: row.next(), to: row.next(), value: row.next(optional: Money.self),
          days: row.next(), at: row.next())
      })
  }
}

extension Lead {
  /// Ends the lead, puts it on hold or opens it again. Winning makes or links the client of that
  /// name, and fixes what it was worth; `value` in place of the estimate.
  package func conclude(
    as outcome: Outcome, reason: String?, value: Money? = nil, client: String? = nil,
    in tx: Transaction<some Entry>
  ) throws {
    guard self.outcome != outcome else { throw Refusal.alreadyThere }
    guard reason != nil || !outcome.needsReason(from: self.outcome) else {
      throw Refusal.reasonNeeded
    }
    guard outcome != .won || client != nil else { throw Refusal.clientNameNeeded }

    if outcome == .won {
      tx.run(
        "Client.add",
        """
        insert into clients (tenant_id, id, name, created_by)
        values (app.tenant(), \(ID<Client>()), \(client), app.actor())
        on conflict (tenant_id, name_key) do nothing
        """)
    }
    let wonClient: SQL =
      outcome == .won
      ? "(select id from clients where name_key = app.name_key(\(client)))" : "null::uuid"
    tx.run(
      "Lead.conclude",
      "update leads set outcome = \(outcome), client_id = \(wonClient) where id = \(id)")
    let change = ID<OutcomeChange>()
    tx.run(
      "OutcomeChange.add",
      """
      insert into lead_outcome_history
        (tenant_id, id, lead_id, from_outcome, to_outcome, reason, value, days, client_id, actor_id)
      select l.tenant_id, \(change), l.id, \(self.outcome), \(outcome), \(reason),
             coalesce(\(value), l.estimated_value),
             greatest(0, extract(day from now() - l.created_at))::int, l.client_id, app.actor()
      from leads l where l.id = \(id)
      """)
    tx.record(
      .outcomeChanged(
        id, change: change, from: self.outcome, to: outcome, reason: reason,
        value: outcome == .won ? value ?? estimatedValue : nil,
        client: outcome == .won ? client : nil))
  }
}
