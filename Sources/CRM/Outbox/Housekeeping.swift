import Glibc
import Postgres

/// What any worker does now and then, besides sending.
package enum Housekeeping {
  /// Ends the leases of workers that are gone; returns how many deliveries and jobs that were.
  ///
  /// Each delivery in a transaction of its own, together with what the lead's timeline says of it. One that cannot be
  /// ended keeps no other from it; the first error of such is thrown behind all.
  package static func sweep(on database: Database) throws -> (deliveries: Int, jobs: Int) {
    let ended = try database.call(endedLeases)
    var firstError: (any Error)?
    for (lease, isMarked) in ended {
      do {
        try database.write(as: lease) { tx in try end(lease, isMarked, in: tx) }
      } catch let error as PostgresError where error.constraint == "deliveries_lease" {
        // Its worker lives after all, or another one swept.
      } catch is LeaseEnded {
        // Another one swept, at this moment.
      } catch {
        firstError = firstError ?? error
      }
    }
    let jobs = try database.call(LeasedJob.sweep)
    if let firstError { throw firstError }
    return (ended.count, jobs)
  }

  private static func end(
    _ lease: LeasedDelivery, _ isMarked: Bool, in tx: Transaction<LeasedDelivery>
  ) throws {
    let (_, mail) = try tx.look(OutgoingMail.of(lease.id))
    tx.run("Delivery.endLease", "select app.end_lease(\(lease.id), \(lease.token), \(isMarked))")
    if isMarked || lease.attempt >= mail.attemptsMax {
      tx.record(
        .deliveryFailed(
          mail.identity, attempt: lease.token, isMarked ? .deliveryUncertain : .deliveryDead,
          reason: isMarked
            ? "The worker stopped while the mail was being handed over"
            : "The worker stopped before the mail left"))
    }
  }

  private static let endedLeases = Query<[(lease: LeasedDelivery, isMarked: Bool)]>(
    "Housekeeping.endedLeases",
    "select tenant_id, id, lease_token, attempts, is_marked from app.ended_leases()",
    all: { row in
      let lease = try LeasedDelivery(
        tenant: row.next(), id: row.next(), token: row.next(), attempt: row.next())
      return (lease, try row.next())
    })

  /// Counts the segments anew that were counted longest ago, more than an hour; returns how many, 20 at most.
  package static let recountSegments = Query<Int>(
    "Housekeeping.recountSegments", "select app.recount_segments(20)", only: { try $0.next() })

  /// Forgets expired sessions, throttles and idempotency keys.
  package static let forgetExpired = Query<Void>(
    "Housekeeping.forgetExpired", "select app.forget_expired()")

  /// Forgets a slice of a file that nobody imported within thirty days.
  package static let forgetImports = Query<Void>(
    "Housekeeping.forgetImports", "select app.forget_imports()")
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
