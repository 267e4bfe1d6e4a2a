import Mail
import Postgres

/// Sends what was approved, one delivery at a time, each at most once.
///
/// A dispatcher belongs to one thread and owns its database connection. Before the last bytes of a
/// mail leave, the delivery is marked as committing; a crash after that leaves it for a person.
package final class Dispatcher {
  private let database: Database
  private let transport: SMTPTransport
  private let owner: String
  private let leaseSeconds: Int
  private let hands: LeasesInHand<LeasedDelivery>
  private let report: (String) -> Void
  private let at: (Step) -> Void

  /// What a delivery has just come through; where it matters that a worker may die.
  package enum Step: String, CaseIterable, Sendable {
    case claimed, decided, marked, accepted, settled
  }

  /// `owner` names this worker process in the leases; `report` gets one line per delivery. `at` is
  /// told of every step; fault tests kill the process there.
  package init(
    database: Database, transport: SMTPTransport, owner: String, leaseSeconds: Int,
    hands: LeasesInHand<LeasedDelivery>, report: @escaping (String) -> Void,
    at: @escaping (Step) -> Void = { _ in }
  ) {
    self.database = database
    self.transport = transport
    self.owner = owner
    self.leaseSeconds = leaseSeconds
    self.hands = hands
    self.report = report
    self.at = at
  }

  /// Sends the delivery that is due next; false when there is none.
  package func dispatch() throws -> Bool {
    let claimed = try database.call(
      LeasedDelivery.claim(owner: owner, leaseSeconds: leaseSeconds))
    guard let lease = claimed else { return false }
    hands.take(lease)
    defer { hands.letGo(lease) }
    try send(lease)
    return true
  }

  private func send(_ lease: LeasedDelivery) throws {
    at(.claimed)
    let (_, mail) = try database.read(as: lease, OutgoingMail.of(lease.id))
    let verdict = PolicyGate.decide(mail.facts)
    try database.write(as: lease) { tx in
      verdict.store(for: mail.identity, in: tx)
      if !verdict.isAllowed {
        fail(lease, mail, .blocked, reason: verdict.reasonCode, in: tx)
      }
    }
    at(.decided)
    guard verdict.isAllowed else { return log(lease, "blocked: \(verdict.reasonCode)") }

    let outcome = handOver(mail, lease)
    if case .accepted = outcome { at(.accepted) }
    try settle(lease, mail, outcome)
    at(.settled)
    log(lease, outcome.words)
  }

  /// Hands the approved bytes to the mail server.
  private func handOver(_ mail: OutgoingMail, _ lease: LeasedDelivery) -> SMTPOutcome {
    guard let manifest = Manifest.decode(mail.manifest) else {
      return .refused(code: 0, reply: "The approved content cannot be read", isPermanent: true)
    }
    do {
      let content = try EmailContent(manifest)
      let message = try content.message(messageID: mail.messageID, sentAt: mail.approvedAt).bytes()
      return try transport.send(
        message: message, envelopeFrom: manifest.senderAddress, recipients: content.envelope,
        beforeCommit: { mark(lease) })
    } catch {
      // Whatever it is, it is in the content, and another try would meet it again.
      return .refused(code: 0, reply: "The message cannot be built: \(error)", isPermanent: true)
    }
  }

  /// Makes the point of no return durable; false keeps the last bytes back.
  private func mark(_ lease: LeasedDelivery) -> Bool {
    do {
      try database.write(as: lease) { tx in
        tx.run("Delivery.mark", "select app.mark_committing(\(lease.id), \(lease.token))")
      }
      at(.marked)
      return true
    } catch {
      log(lease, "not marked: \(error)")
      return false
    }
  }

  private func settle(_ lease: LeasedDelivery, _ mail: OutgoingMail, _ outcome: SMTPOutcome) throws
  {
    switch outcome {
    case .accepted(let reply):
      // What the server has must not be forgotten because the database is away for a moment.
      try persistently {
        try database.write(as: lease) { tx in
          tx.run(
            "Delivery.complete",
            "select app.complete_delivery(\(lease.id), \(lease.token), \(reply))")
          tx.record(.draftSent(mail))
        }
      }
    case .refused(_, let reply, let isPermanent):
      // The server's reply begins with its code.
      try fail(lease, mail, isPermanent ? .dead : .refused, reason: reply)
    case .notSent(let reason):
      try fail(lease, mail, .notSent, reason: reason)
    case .uncertain(let reason):
      try fail(lease, mail, .uncertain, reason: reason)
    case .aborted:
      // The mark was refused: the server drops what has no end. Where the lease is gone, whoever
      // holds it now goes on.
      do {
        try fail(lease, mail, .notSent, reason: "It was held back before its last bytes")
      } catch let error as PostgresError where error.constraint == "deliveries_lease" {
        log(lease, "the lease is gone")
      }
    }
  }

  private func fail(
    _ lease: LeasedDelivery, _ mail: OutgoingMail, _ phase: DeliveryAttempt.Phase, reason: String
  ) throws {
    try persistently {
      try database.write(as: lease) { tx in fail(lease, mail, phase, reason: reason, in: tx) }
    }
  }

  /// Only what a person has to know goes on the lead's timeline; another try does not.
  private func fail(
    _ lease: LeasedDelivery, _ mail: OutgoingMail, _ phase: DeliveryAttempt.Phase, reason: String,
    in tx: Transaction<LeasedDelivery>
  ) {
    tx.run(
      "Delivery.fail",
      "select app.fail_delivery(\(lease.id), \(lease.token), \(phase), \(reason))")
    let activity: Activity.Kind? =
      switch phase {
      case .blocked: .deliveryBlocked
      case .dead: .deliveryDead
      case .uncertain: .deliveryUncertain
      default: lease.attempt >= mail.attemptsMax ? .deliveryDead : nil
      }
    if let activity {
      tx.record(.deliveryFailed(mail.identity, attempt: lease.token, activity, reason: reason))
    }
  }

  /// Tries again while the lease lasts; after that the sweep makes the delivery a doubtful one.
  private func persistently(_ body: () throws -> Void) throws {
    let pause = 250
    for _ in 0..<(leaseSeconds * 1_000 / pause) {
      do {
        return try body()
      } catch let error as PostgresError where error.isOutage {
        report("database away, holding on: \(error)")
        sleep(milliseconds: pause)
      }
    }
    try body()
  }

  private func log(_ lease: LeasedDelivery, _ what: String) {
    report("delivery \(lease.id) attempt \(lease.attempt): \(what)")
  }
}

extension SMTPOutcome {
  fileprivate var words: String {
    switch self {
    case .accepted(let reply): "accepted: \(reply)"
    case .refused(_, let reply, let isPermanent):
      "refused \(isPermanent ? "for good" : "for now"): \(reply)"
    case .notSent(let reason): "not sent: \(reason)"
    case .aborted: "aborted before the end"
    case .uncertain(let reason): "uncertain: \(reason)"
    }
  }
}
