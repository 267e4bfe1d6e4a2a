import Postgres

/// One attempt series to bring one approved draft to its recipients.
package struct Delivery: Sendable {
  package let identity: Identity
  package let state: State
  package let version: Int
  package let leadTitle: String
  package let messageID: String
  package let externalMessageID: String?
  package let attempts: Int
  package let runAt: Timestamp
  package let leaseToken: Int
  package let lastError: String?
  package let manifest: [UInt8]
  package let contentHash: [UInt8]
  package let approvedBy: String
  package let approvedAt: Timestamp
  package let createdAt: Timestamp

  package struct Identity: Sendable {
    package let id: ID<Delivery>
    package let lead: ID<Lead>
    package let draft: ID<Draft>
    package let subject: String
  }

  package enum State: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case ready, leased, committing, sent, uncertain, blocked, dead, cancelled

    /// A person has to look at it.
    package var needsAttention: Bool { [.uncertain, .blocked, .dead].contains(self) }
  }

  /// What a person says about a delivery that stands still.
  package enum Resolution: String, Sendable, SQLValue {
    case arrived
    case sendAgain = "send_again"
    case cancel
  }

  package enum Refusal: Error, Equatable {
    /// It moved on since it was looked at.
    case movedOn
    case commentNeeded
  }
}

extension Delivery {
  package static func find(_ id: ID<Delivery>) -> Query<Delivery?> {
    Query("Delivery.find", "\(record) where x.id = \(id)", one: Delivery.init(row:))
  }

  private static let record: SQL = """
    select x.id, d.lead_id, x.draft_id, d.subject, x.state, d.version, l.title, x.message_id,
           x.external_message_id, x.attempts, x.run_at, x.lease_token, x.last_error, d.manifest,
           x.content_sha256, m.display_name, p.created_at, x.created_at
    from deliveries x
    join drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
    join leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    join approvals p on p.tenant_id = x.tenant_id and p.id = x.approval_id
    join memberships m on m.tenant_id = p.tenant_id and m.user_id = p.reviewer_id
    """

  private init(row: inout Row) throws {
    identity = Identity(
      id: try row.next(), lead: try row.next(), draft: try row.next(), subject: try row.next())
    state = try row.next()
    version = try row.next()
    leadTitle = try row.next()
    messageID = try row.next()
    externalMessageID = try row.next(optional: String.self)
    attempts = try row.next()
    runAt = try row.next()
    leaseToken = try row.next()
    lastError = try row.next(optional: String.self)
    manifest = try row.next()
    contentHash = try row.next()
    approvedBy = try row.next()
    approvedAt = try row.next()
    createdAt = try row.next()
  }

  /// A person settles a delivery that stands still. The database refuses (CF409) when it moved on.
  package static func resolve(
    _ id: ID<Delivery>, as resolution: Resolution, comment: String, in tx: Transaction<some Entry>
  ) throws {
    let (_, found) = try tx.look(Delivery.find(id))
    guard let delivery = found else { throw NotFound() }
    tx.run("Delivery.resolve", "select app.resolve_delivery(\(id), \(resolution), \(comment))")
    tx.record(
      .deliveryResolved(
        delivery.identity, leaseToken: delivery.leaseToken, isArrived: resolution == .arrived,
        comment: comment))
  }
}

extension Delivery.Refusal {
  package init?(_ error: PostgresError) {
    guard error.constraint == "deliveries_resolution" else { return nil }
    self = .movedOn
  }
}

/// What happened to a delivery, step by step.
package struct DeliveryAttempt: Sendable {
  package let phase: Phase
  package let detail: String?
  package let actorName: String?
  package let at: Timestamp

  package enum Phase: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case committing, sent, refused, dead, blocked, uncertain, resolved, retried, cancelled
    case notSent = "not_sent"
    case leaseEnded = "lease_ended"
  }

  /// Newest first.
  package static func all(of delivery: ID<Delivery>) -> Query<[DeliveryAttempt]> {
    Query(
      "DeliveryAttempt.all",
      """
      select a.phase, a.detail, m.display_name, a.created_at
      from delivery_attempts a
      left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
      where a.delivery_id = \(delivery) order by a.created_at desc limit 200
      """,
      all: { row in
        try DeliveryAttempt(
          phase: row.next(), detail: row.next(optional: String.self),
          actorName: row.next(optional: String.self), at: row.next())
      })
  }
}
