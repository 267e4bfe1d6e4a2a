import ArgumentParser
import CRM
import FastCGI
import Glibc
import Logging
import Mail
import Postgres
import Secrets

/// `closerflow work`: carries approved mail out.
struct Work: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deliver approved mail, until asked to end.",
    discussion: """
      Reads DATABASE_URL, MIGRATIONS, SMTP_URL; also SMTP_USERNAME with SMTP_PASSWORD_FILE, \
      SMTP_REQUIRE_TLS (true unless the mail server is this machine), SMTP_CA_FILE, LOG_LEVEL; for a \
      model server AI_BASE_URL, AI_MODEL, AI_EMBEDDING_MODEL, AI_API_KEY_FILE, AI_TIMEOUT_SECONDS, \
      AI_PRICE_INPUT with AI_PRICE_OUTPUT; without one the built-in playbook asks. \
      On SIGTERM or SIGINT the mail in hand is finished first. Any number may run at once.
      """)

  @Flag(help: "Send what is due now, then end.")
  var once = false

  @Option(help: "How many mails are handed over at once.")
  var threads = 2

  @Option(
    name: .customLong("lease-seconds"),
    help: "How long after a worker's death its deliveries are free again.")
  var leaseSeconds = 60

  func validate() throws {
    guard (1...64).contains(threads) else { throw ValidationError("--threads is 1 to 64.") }
    guard (2...3_600).contains(leaseSeconds) else {
      throw ValidationError("--lease-seconds is 2 to 3600.")
    }
  }

  func run() throws {
    Signals.blockTermination()
    let settings = try Settings()
    let log = LogLines.logger(settings.logLevel)
    let crew = Crew(
      open: { settings.database() }, transport: settings.transport, works: settings.works,
      owner: Self.owner(), leaseSeconds: leaseSeconds, fault: settings.fault, log: log)
    let schema = try Readiness.demand(
      settings.database(), as: .worker, schema: settings.schema)
    if let fault = settings.fault {
      log.warning("this worker kills itself", metadata: ["at": .string(fault.rawValue)])
    }
    if once { try sendWhatIsDue(crew) } else { try workUntilAsked(crew, schema, log) }
  }

  private func sendWhatIsDue(_ crew: Crew) throws {
    try crew.stopOnSignal()
    let keeper = try crew.startKeeper()
    let result = Result { (try crew.sendAllDue(), try crew.doAllJobs()) }
    crew.dismissKeeper()
    keeper.join()
    let ((handled, failed), jobs) = try result.get()
    guard failed == 0 else {
      throw Failure(
        .internal, "\(failed) of \(handled) deliveries met an error; the log says which")
    }
    print(handled == 1 ? "1 delivery was due" : "\(handled) deliveries were due")
    if jobs > 0 { print(jobs == 1 ? "1 job was due" : "\(jobs) jobs were due") }
  }

  private func workUntilAsked(_ crew: Crew, _ schema: String, _ log: Logger) throws {
    let keeper = try crew.startKeeper()
    let senders = try (0..<threads).map { _ in try crew.startSender() }
    let jobbers = try crew.startJobbers()
    log.notice(
      "ready",
      metadata: [
        "release": .string(Release.version), "schema": .string(schema),
        "threads": .stringConvertible(threads),
        "lease_seconds": .stringConvertible(leaseSeconds),
      ])
    let signal = Signals.waitForTermination()
    log.notice("ending", metadata: ["signal": .stringConvertible(signal)])
    crew.stopSending()
    for sender in senders { sender.join() }
    for jobber in jobbers { jobber.join() }
    // Only now: a lease is renewed as long as its mail is in hand.
    crew.dismissKeeper()
    keeper.join()
    log.notice("stopped")
  }

  /// Names this process in leases: no other has the same, also where process ids are used again.
  private static func owner() -> String {
    var system = utsname()
    let host =
      uname(&system) == 0
      ? withUnsafeBytes(of: system.nodename) { name in
        String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      } : "unknown"
    return "\(host)/\(getpid())/\(Hex.encode(Sodium.randomBytes(4)))"
  }
}

extension Work {
  struct Settings: Sendable {
    let databaseURL: String
    let transport: SMTPTransport
    let schema: SchemaState
    /// What does each kind of job.
    let works: [any JobWork & Sendable]
    let logLevel: Logger.Level
    /// Where to die; for tests of crashes only.
    let fault: Dispatcher.Step?

    init() throws {
      var environment = Environment()
      let databaseURL = environment.databaseURL()
      let transport = environment.mailTransport()
      let migrations = environment.migrations()
      let gateway = environment.aiGateway()
      logLevel = environment.logLevel()
      fault = Self.fault(&environment)
      try environment.refuseProblems()
      guard let databaseURL, let transport, let migrations, let gateway else {
        preconditionFailure("A setting that is missing is a problem.")
      }
      self.databaseURL = databaseURL
      self.transport = transport
      works = [DiscoveryWork(gateway), ImportWork()]
      schema = migrations.schema
    }

    private static func fault(_ environment: inout Environment) -> Dispatcher.Step? {
      guard let name = environment.optional("CLOSERFLOW_FAULT") else { return nil }
      guard let step = Dispatcher.Step(rawValue: name) else {
        let known = Dispatcher.Step.allCases.map(\.rawValue).joined(separator: ", ")
        environment.add("CLOSERFLOW_FAULT is one of \(known)")
        return nil
      }
      return step
    }

    func database() -> Database {
      Database(
        databaseURL, user: LoginRole.worker.rawValue, applicationName: "closerflow work")
    }
  }
}
