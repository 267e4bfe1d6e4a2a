import Postgres

/// Nothing may be sent to this lead: since when, why, and who said so.
package struct Suppression: Sendable {
  package let since: Timestamp
  package let reason: String
  package let by: String
}

extension Lead {
  /// Stops everything that would be sent to the lead, including what is already approved.
  package static func suppress(
    _ id: ID<Lead>, reason: String, in tx: Transaction<some Entry>
  ) throws {
    let (_, locked) = try tx.look(Lead.locked(id))
    guard let lead = locked else { throw NotFound() }
    guard lead.suppression == nil else { throw Refusal.alreadySuppressed }
    tx.run(
      "Lead.suppress",
      """
      update leads set suppressed_at = now(), suppressed_by = app.actor(), suppressed_reason = \(reason)
      where id = \(id)
      """)
    recordSuppression(of: id, isOn: true, reason: reason, in: tx)
  }

  package static func liftSuppression(
    of id: ID<Lead>, reason: String, in tx: Transaction<some Entry>
  ) throws {
    let (_, locked) = try tx.look(Lead.locked(id))
    guard let lead = locked else { throw NotFound() }
    guard lead.suppression != nil else { throw Refusal.notSuppressed }
    tx.run(
      "Lead.liftSuppression",
      """
      update leads set suppressed_at = null, suppressed_by = null, suppressed_reason = null
      where id = \(id)
      """)
    recordSuppression(of: id, isOn: false, reason: reason, in: tx)
  }

  private static func recordSuppression(
    of id: ID<Lead>, isOn: Bool, reason: String, in tx: Transaction<some Entry>
  ) {
    let change = ID<StatusChange>()
    tx.run(
      "StatusChange.add",
      """
      insert into lead_status_history
        (tenant_id, id, lead_id, axis, from_value, to_value, triggered_by, reason, actor_id)
      values (app.tenant(), \(change), \(id), 'suppressed', \(isOn ? "no" : "yes"),
              \(isOn ? "yes" : "no"), 'user', \(reason), app.actor())
      """)
    tx.record(.suppressionChanged(id, change: change, isOn: isOn, reason: reason))
  }
}

/// A row of `lead_status_history`.
package enum StatusChange {}
