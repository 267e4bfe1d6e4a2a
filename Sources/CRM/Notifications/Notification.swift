import Postgres

/// A word to one member about something that concerns them; each reads only their own.
package struct Notification: Sendable {
  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case mentioned, assigned
    case jobDone = "job_done"
    case jobFailed = "job_failed"
  }
}

extension Transaction {
  /// Tells a member; who did it themselves is not told.
  func notify(_ member: ID<User>, _ kind: Notification.Kind, about lead: ID<Lead>?) {
    run(
      "Notification.add",
      """
      insert into notifications (tenant_id, id, user_id, kind, lead_id, actor_id)
      select app.tenant(), \(ID<Notification>()), \(member), \(kind), \(lead), app.actor()
      where \(member) <> app.actor()
      """)
  }
}
