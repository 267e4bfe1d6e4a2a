import Postgres

/// Sending is stopped: since when, why, and who said so.
package struct Stop: Sendable {
  package let since: Timestamp
  package let reason: String
  package let by: String

  /// Which sends.
  package enum Kind: Sendable {
    /// The automatic ones: a person has taken the conversation over.
    case takeOver
    /// All, including what is already approved.
    case suppression

    /// Its name in the history and in events.
    var axis: String {
      switch self {
      case .takeOver: "paused"
      case .suppression: "suppressed"
      }
    }
  }

  /// From three columns; nil where the first is null.
  init?(row: inout Row) throws {
    let since = try row.next(optional: Timestamp.self)
    let reason = try row.next(optional: String.self)
    let by = try row.next(optional: String.self)
    guard let since else { return nil }
    self.since = since
    self.reason = reason ?? ""
    self.by = by ?? ""
  }
}

extension Lead {
  package func stop(_ kind: Stop.Kind, reason: String, in tx: Transaction<some Entry>) throws {
    guard stop(kind) == nil else { throw Refusal.alreadyThere }
    switch kind {
    case .takeOver:
      tx.run(
        "Lead.takeOver",
        """
        update leads set paused_at = now(), paused_by = app.actor(), paused_reason = \(reason)
        where id = \(id)
        """)
    case .suppression:
      tx.run(
        "Lead.suppress",
        """
        update leads set suppressed_at = now(), suppressed_by = app.actor(), suppressed_reason = \(reason)
        where id = \(id)
        """)
    }
    record(kind, isOn: true, reason: reason, in: tx)
  }

  package func allow(_ kind: Stop.Kind, reason: String, in tx: Transaction<some Entry>) throws {
    guard stop(kind) != nil else { throw Refusal.alreadyThere }
    switch kind {
    case .takeOver:
      tx.run(
        "Lead.handBack",
        "update leads set paused_at = null, paused_by = null, paused_reason = null where id = \(id)"
      )
    case .suppression:
      tx.run(
        "Lead.liftSuppression",
        """
        update leads set suppressed_at = null, suppressed_by = null, suppressed_reason = null
        where id = \(id)
        """)
    }
    record(kind, isOn: false, reason: reason, in: tx)
  }

  private func stop(_ kind: Stop.Kind) -> Stop? {
    switch kind {
    case .takeOver: takeOver
    case .suppression: suppression
    }
  }

  private func record(
    _ kind: Stop.Kind, isOn: Bool, reason: String, in tx: Transaction<some Entry>
  ) {
    let change = ID<StatusChange>()
    StatusChange.add(
      as: change, of: id, axis: kind.axis,
      from: isOn ? "no" : "yes", to: isOn ? "yes" : "no", by: .user, reason: reason, in: tx)
    tx.record(.stopChanged(kind, of: id, change: change, isOn: isOn, reason: reason))
  }
}
