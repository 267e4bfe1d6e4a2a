import Glibc
import Postgres

/// What any worker does now and then, besides sending.
package enum Housekeeping {
  /// Ends the leases of workers that are gone, and tells the leads' timelines of mails that nobody
  /// knows about now; returns how many deliveries that were.
  package static func sweep(on database: Database) throws -> Int {
    let ended = try database.call(endedLeases)
    for (lease, state) in ended where state == .uncertain {
      try database.write(as: lease) { tx in
        let (_, mail) = try tx.look(OutgoingMail.of(lease.id))
        tx.record(
          .deliveryFailed(
            mail.identity, attempt: lease.token, .deliveryUncertain,
            reason: "The worker stopped while the mail was being handed over"))
      }
    }
    return ended.count
  }

  private static let endedLeases = Query<[(lease: LeasedDelivery, state: Delivery.State)]>(
    "Housekeeping.endedLeases",
    "select tenant_id, id, lease_token, attempts, state from app.sweep_deliveries()",
    all: { row in
      let lease = try LeasedDelivery(
        tenant: row.next(), id: row.next(), token: row.next(), attempt: row.next())
      return (lease, try row.next())
    })

  /// Forgets expired sessions, throttles and idempotency keys.
  package static let forgetExpired = Query<Void>(
    "Housekeeping.forgetExpired", "select app.forget_expired()")
}

package struct OutboxGauge: Sendable {
  package let state: Delivery.State
  package let count: Int
  package let oldestSeconds: Int

  /// Over all tenants.
  package static let all = Query<[OutboxGauge]>(
    "OutboxGauge.all",
    "select state, deliveries, round(coalesce(oldest_seconds, 0))::bigint from app.outbox_gauge()",
    all: { row in
      try OutboxGauge(state: row.next(), count: row.next(), oldestSeconds: row.next())
    })
}

package func sleep(milliseconds: Int) {
  usleep(UInt32(milliseconds) * 1_000)
}
