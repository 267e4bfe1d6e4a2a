import CRM
import FastCGI
import Glibc
import Logging
import Mail
import Postgres

/// The threads of one worker process: some that send, one that keeps their leases and the house.
final class Crew: Sendable {
  private let open: @Sendable () -> Database
  private let transport: SMTPTransport
  private let works: [any JobWork & Sendable]
  private let owner: String
  private let leaseSeconds: Int
  private let fault: Dispatcher.Step?
  private let log: Logger
  private let mailInHand = LeasesInHand<LeasedDelivery>()
  private let jobsInHand = LeasesInHand<LeasedJob>()
  private let isStopping = StopFlag()
  private let isKeeperDismissed = StopFlag()

  private static let idleMilliseconds = 500

  init(
    open: @escaping @Sendable () -> Database, transport: SMTPTransport,
    works: [any JobWork & Sendable], owner: String, leaseSeconds: Int, fault: Dispatcher.Step?,
    log: Logger
  ) {
    self.open = open
    self.transport = transport
    self.works = works
    self.owner = owner
    self.leaseSeconds = leaseSeconds
    self.fault = fault
    self.log = log
  }

  /// The mail in hand is the last.
  func stopSending() { isStopping.set() }

  func dismissKeeper() { isKeeperDismissed.set() }

  /// For a crew whose main thread sends: another waits for the signal.
  func stopOnSignal() throws {
    _ = try CrewThread { [self] in
      _ = Signals.waitForTermination()
      stopSending()
    }
  }
}

// MARK: - Sending

extension Crew {
  /// Sends whenever something is due, through every outage, until stopped.
  func startSender() throws -> CrewThread {
    try CrewThread { [self] in
      let dispatcher = dispatcher()
      var patience = Patience()
      while !isStopping.isSet {
        do {
          let isIdle = try !dispatcher.dispatch()
          patience = Patience()
          if isIdle { isStopping.wait(milliseconds: jittered(Self.idleMilliseconds)) }
        } catch {
          let pause = patience.next()
          tell(error, pause: pause)
          isStopping.wait(milliseconds: pause)
        }
      }
    }
  }

  /// Sends on the calling thread until nothing is due. An outage ends it; what else goes wrong with
  /// one delivery leaves the others their turn.
  func sendAllDue() throws -> (handled: Int, failed: Int) {
    // What a worker that is gone had in hand may be due again.
    _ = try Housekeeping.sweep(on: open())
    let dispatcher = dispatcher()
    var (handled, failed) = (0, 0)
    while !isStopping.isSet {
      do {
        if try !dispatcher.dispatch() { break }
      } catch let error as PostgresError where error.isOutage {
        throw error
      } catch {
        tell(error, pause: 0)
        failed += 1
      }
      handled += 1
    }
    return (handled, failed)
  }

  /// One delivery at a time: nothing leased waits in a thread that is asked to stop.
  private func dispatcher() -> Dispatcher {
    Dispatcher(
      database: open(), transport: transport, owner: owner, leaseSeconds: leaseSeconds,
      hands: mailInHand, report: { [log] line in log.info("\(line)") },
      at: { [fault] step in if step == fault { kill(getpid(), SIGKILL) } })
  }

  private func tell(_ error: any Error, pause: Int) {
    log.log(
      level: isOutage(error) ? .warning : .error,
      isOutage(error) ? "the database is away" : "not sent",
      metadata: ["error": .string(words(for: error)), "again_in_ms": .stringConvertible(pause)])
  }

  private func isOutage(_ error: any Error) -> Bool { (error as? PostgresError)?.isOutage ?? false }

  /// Why a server is away holds no customer's data; other messages may.
  private func words(for error: any Error) -> String {
    isOutage(error) ? oneLine(String(reflecting: error)) : "\(error)"
  }
}

// MARK: - Jobs

extension Crew {
  /// A thread for each kind of work: an import keeps no suggestion waiting, nor a silent model an import.
  func startJobbers() throws -> [CrewThread] { try works.map { try startJobber($0) } }

  /// Does jobs of one kind whenever one is due, through every outage, until stopped.
  private func startJobber(_ work: any JobWork & Sendable) throws -> CrewThread {
    try CrewThread { [self] in
      let runner = runner([work])
      var patience = Patience()
      while !isStopping.isSet {
        do {
          let isIdle = try !runner.runNext()
          patience = Patience()
          if isIdle { isStopping.wait(milliseconds: jittered(Self.idleMilliseconds)) }
        } catch {
          let pause = patience.next()
          tell(error, pause: pause)
          isStopping.wait(milliseconds: pause)
        }
      }
    }
  }

  /// Does jobs on the calling thread until none is due.
  func doAllJobs() throws -> Int {
    let runner = runner(works)
    var count = 0
    while !isStopping.isSet, try runner.runNext() { count += 1 }
    return count
  }

  private func runner(_ works: [any JobWork]) -> JobRunner {
    JobRunner(
      database: open(), works: works, owner: owner, leaseSeconds: leaseSeconds, hands: jobsInHand,
      mayGoOn: { [isStopping] in !isStopping.isSet }, report: { [log] line in log.info("\(line)") })
  }
}

// MARK: - Keeping

extension Crew {
  /// Something done now and then.
  private struct Duty {
    let name: String
    let seconds: Double
    let act: @Sendable (Database) throws -> Void
    var due = ContinuousClock.now
    /// An outage is told once, and its end.
    var isFailing = false
  }

  /// Renews this process's leases, ends those of processes that are gone, forgets what expired.
  func startKeeper() throws -> CrewThread {
    try CrewThread { [self] in
      let database = open()
      var duties = duties
      while !isKeeperDismissed.isSet {
        for index in duties.indices where duties[index].due <= .now {
          perform(&duties[index], on: database)
        }
        isKeeperDismissed.wait(milliseconds: 100)
      }
    }
  }

  private var duties: [Duty] {
    let (owner, lease, mailInHand, jobsInHand) = (owner, leaseSeconds, mailInHand, jobsInHand)
    return [
      Duty(name: "renew leases", seconds: Double(lease) / 3) { database in
        let (mail, jobs) = (mailInHand.all, jobsInHand.all)
        if !mail.isEmpty {
          try database.call(LeasedDelivery.renew(mail, owner: owner, leaseSeconds: lease))
        }
        if !jobs.isEmpty {
          try database.call(LeasedJob.renew(jobs, owner: owner, leaseSeconds: lease))
        }
      },
      Duty(name: "sweep", seconds: min(5, Double(lease) / 2)) { [log] database in
        let (deliveries, jobs) = try Housekeeping.sweep(on: database)
        if deliveries + jobs > 0 {
          log.warning(
            "leases of a worker that is gone",
            metadata: [
              "deliveries": .stringConvertible(deliveries), "jobs": .stringConvertible(jobs),
            ])
        }
      },
      Duty(name: "count segments", seconds: 30) { database in
        _ = try database.call(Housekeeping.recountSegments)
      },
      Duty(name: "forget what expired", seconds: 3_600) { database in
        try database.call(Housekeeping.forgetExpired)
      },
      Duty(name: "forget files", seconds: 3_600) { database in
        try database.call(Housekeeping.forgetImports)
      },
    ]
  }

  private func perform(_ duty: inout Duty, on database: Database) {
    var seconds = duty.seconds
    do {
      try duty.act(database)
      if duty.isFailing { log.notice("again able to \(duty.name)") }
      duty.isFailing = false
    } catch {
      if !duty.isFailing {
        log.warning("unable to \(duty.name)", metadata: ["error": .string(words(for: error))])
      }
      duty.isFailing = true
      seconds = 1  // leases do not wait
    }
    duty.due = .now + .milliseconds(jittered(Int(seconds * 1_000)))
  }
}
