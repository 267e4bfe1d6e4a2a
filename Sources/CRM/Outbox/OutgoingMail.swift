import Mail
import Postgres
import Secrets

/// A delivery this worker has leased.
package struct LeasedDelivery: Entry, Lease {
  package let tenant: ID<Tenant>
  package let id: ID<Delivery>
  package let token: Int
  package let attempt: Int

  package var enter: Query<Void> {
    Query("LeasedDelivery.enter", "select app.enter_delivery(\(tenant), \(id), \(token))")
  }

  /// Leases the delivery that is due next, fair over the tenants; nil when there is none.
  ///
  /// `leaseSeconds` after the last renewal a delivery whose worker is gone is free again.
  package static func claim(owner: String, leaseSeconds: Int) -> Query<LeasedDelivery?> {
    Query(
      "LeasedDelivery.claim",
      """
      select tenant_id, id, lease_token, attempts
      from app.claim_deliveries(\(owner), 1, 1, make_interval(secs => \(leaseSeconds)))
      """,
      one: { row in
        try LeasedDelivery(
          tenant: row.next(), id: row.next(), token: row.next(), attempt: row.next())
      })
  }

  package static func renew(_ held: [LeasedDelivery], owner: String, leaseSeconds: Int) -> Query<
    Void
  > {
    Query(
      "LeasedDelivery.renew",
      """
      select app.renew_leases(
        \(owner), \(SQL.ids(held.map(\.id))),
        \(SQL.TextArray(held.map { String($0.token) }))::bigint[], make_interval(secs => \(leaseSeconds)))
      """)
  }
}

/// The lease is somebody else's, or nobody's: what it opened is closed.
struct LeaseEnded: Error {}

/// What the worker needs to know to send one delivery.
package struct OutgoingMail: Sendable {
  package let identity: Delivery.Identity
  package let messageID: String
  package let manifest: [UInt8]
  package let approvedHash: [UInt8]
  package let isApproved: Bool
  package let isLeadDeleted: Bool
  package let suppressedReason: String?
  package let listedRecipients: String?
  package let approvedAt: Timestamp
  package let attemptsMax: Int

  /// Answers with `LeaseEnded` where somebody else ended the lease since it was entered.
  static func of(_ delivery: ID<Delivery>) -> Query<OutgoingMail> {
    let mail = Query<OutgoingMail?>(
      "OutgoingMail.of",
      """
      select x.id, d.lead_id, x.draft_id, d.subject, x.message_id, d.manifest, p.content_sha256,
             d.status = 'approved' and d.approval_id = p.id and x.content_sha256 = p.content_sha256,
             l.deleted_at is not null, l.suppressed_reason, \(DNCEntry.recipientsOfDraft),
             p.created_at, x.max_attempts
      from deliveries x
      join drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
      join leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
      join approvals p on p.tenant_id = x.tenant_id and p.id = x.approval_id
      where x.id = \(delivery)
      """,
      one: { row in
        try OutgoingMail(
          identity: Delivery.Identity(
            id: row.next(), lead: row.next(), draft: row.next(), subject: row.next()),
          messageID: row.next(), manifest: row.next(), approvedHash: row.next(),
          isApproved: row.next(), isLeadDeleted: row.next(),
          suppressedReason: row.next(optional: String.self),
          listedRecipients: row.next(optional: String.self),
          approvedAt: row.next(), attemptsMax: row.next())
      })
    return mail.map { mail in
      guard let mail else { throw LeaseEnded() }
      return mail
    }
  }

  var facts: PolicyGate.Facts {
    PolicyGate.Facts(
      isLeadDeleted: isLeadDeleted, suppressedReason: suppressedReason,
      listedRecipients: listedRecipients, contentHash: Sodium.sha256(manifest),
      approvedHash: approvedHash, isApproved: isApproved)
  }
}
