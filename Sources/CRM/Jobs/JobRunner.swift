import Postgres

/// What does the jobs of one kind. A job may run again after its worker died: each of its transactions
/// leaves a state from which it can go on.
package protocol JobWork {
  var kind: Job.Kind { get }

  /// Does the job, or as much of it as may be done: between two transactions it asks `mayGoOn`.
  func run(_ job: LeasedJob, on database: Database, mayGoOn: @escaping @Sendable () -> Bool) throws
    -> JobEnd
}

package enum JobEnd: Sendable {
  case done
  /// The last write ended the job with itself.
  case settled
  /// The worker was asked to stop; another goes on.
  case paused
  /// Another try would end the same way.
  case failed(String)
}

/// Does one job after the other, on one thread with one connection.
package final class JobRunner {
  private let database: Database
  private let works: [any JobWork]
  private let owner: String
  private let leaseSeconds: Int
  private let hands: LeasesInHand<LeasedJob>
  private let mayGoOn: @Sendable () -> Bool
  private let report: (String) -> Void

  package init(
    database: Database, works: [any JobWork], owner: String, leaseSeconds: Int,
    hands: LeasesInHand<LeasedJob>, mayGoOn: @escaping @Sendable () -> Bool,
    report: @escaping (String) -> Void
  ) {
    self.database = database
    self.works = works
    self.owner = owner
    self.leaseSeconds = leaseSeconds
    self.hands = hands
    self.mayGoOn = mayGoOn
    self.report = report
  }

  /// Does the job that is due next; false when there is none.
  package func runNext() throws -> Bool {
    let claim = LeasedJob.claim(works.map(\.kind), owner: owner, leaseSeconds: leaseSeconds)
    guard let job = try database.call(claim), let work = works.first(where: { $0.kind == job.kind })
    else { return false }
    hands.take(job)
    defer { hands.letGo(job) }
    do {
      try run(work, job)
    } catch let error as PostgresError where error.constraint == "jobs_lease" {
      report("job \(job.id): the lease is gone")
    }
    return true
  }

  private func run(_ work: any JobWork, _ job: LeasedJob) throws {
    let settlement: Query<Void>?
    do {
      switch try work.run(job, on: database, mayGoOn: mayGoOn) {
      case .done: settlement = job.settle(.done)
      case .settled: settlement = nil
      case .paused: settlement = job.settle(.ready)
      case .failed(let reason): settlement = job.settle(.failed, error: reason, isFinal: true)
      }
    } catch let error as PostgresError where error.isOutage || error.constraint == "jobs_lease" {
      throw error  // The lease ends by itself, and another goes on.
    } catch {
      // The person who asked is told that it failed; what exactly, the log.
      report("job \(job.id) \(job.kind.rawValue) attempt \(job.attempt): \(error)")
      settlement = job.settle(.failed, error: "It met an error; the log says which (job \(job.id))")
    }
    if let settlement { try database.call(settlement) }
    report("job \(job.id) \(job.kind.rawValue) attempt \(job.attempt): ended")
  }
}
