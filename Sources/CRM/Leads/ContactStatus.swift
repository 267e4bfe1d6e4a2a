import Postgres

extension Lead {
  /// Where outreach stands.
  package enum ContactStatus: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case new, contacted, engaged, qualified, nurturing, appointment
  }
}

/// A row of `lead_status_history`: contact status, take-over or suppression.
package struct StatusChange {
  /// What brought it about.
  package enum Trigger: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case user, rule, ai, inbound, `import`, sequence
  }

  static func add(
    as id: ID<StatusChange>, of lead: ID<Lead>, axis: String, from: String, to: String,
    by trigger: Trigger, reason: String?, in tx: Transaction<some Entry>
  ) {
    tx.run(
      "StatusChange.add",
      """
      insert into lead_status_history
        (tenant_id, id, lead_id, axis, from_value, to_value, triggered_by, reason, actor_id)
      values (app.tenant(), \(id), \(lead), \(axis), \(from), \(to), \(trigger), \(reason),
              app.actor())
      """)
  }
}

extension Lead {
  package func setContactStatus(
    to status: ContactStatus, by trigger: StatusChange.Trigger = .user, reason: String?,
    in tx: Transaction<some Entry>
  ) throws {
    guard contactStatus != status else { throw Refusal.alreadyThere }
    let change = ID<StatusChange>()
    tx.run(
      "Lead.setContactStatus", "update leads set contact_status = \(status) where id = \(id)")
    StatusChange.add(
      as: change, of: id, axis: "contact_status", from: contactStatus.rawValue,
      to: status.rawValue, by: trigger, reason: reason, in: tx)
    tx.record(
      .contactStatusChanged(id, change: change, from: contactStatus, to: status, reason: reason))
  }
}
