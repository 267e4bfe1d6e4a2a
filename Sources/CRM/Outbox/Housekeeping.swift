import Glibc
import Postgres

/// What any worker does now and then, besides sending.
package enum Housekeeping {
  /// Ends the leases of workers that are gone; returns how many deliveries that were.
  package static let sweep = Query<Int>(
    "Housekeeping.sweep", "select count(*) from app.sweep_deliveries()", only: { try $0.next() })

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
