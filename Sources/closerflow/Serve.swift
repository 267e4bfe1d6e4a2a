import ArgumentParser
import CRM
import FastCGI
import HTTP
import Logging
import Postgres
import Spool
import Templating
import Web

/// `closerflow serve`: answers nginx until it is asked to end.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Answer the pages, as a FastCGI responder behind nginx.",
    discussion: """
      Reads DATABASE_URL, PUBLIC_URL, TEMPLATES, ASSETS, MIGRATIONS; also SIGN_IN_DATABASE_URL, \
      SPOOL, SPOOL_MB and LOG_LEVEL. Ends on SIGTERM or SIGINT, after the requests in flight.
      """)

  @Option(help: "The unix socket, in a directory that only this user and nginx may enter.")
  var socket: String

  @Option(help: "How many requests are answered at once.")
  var workers = 6

  @Flag(help: "Compile a template anew when its file changed; for those who write them.")
  var reload = false

  func validate() throws {
    guard (1...256).contains(workers) else { throw ValidationError("--workers is 1 to 256.") }
  }

  func run() throws {
    Signals.blockTermination()
    let started = ContinuousClock.now
    let settings = try Settings(reload: reload)
    let log = LogLines.logger(settings.logLevel)
    let schema = try Readiness.demand(
      settings.database(.web), as: .web, schema: settings.site.schema)
    try Readiness.demand(settings.database(.signIn), as: .signIn)

    let responder = try Responder(
      listener(settings), logger: log, settings.application(log, workers: workers))
    log.notice(
      "ready",
      metadata: [
        "release": .string(Release.version), "socket": .string(socket),
        "workers": .stringConvertible(workers), "schema": .string(schema),
        "ms": .stringConvertible(Int((ContinuousClock.now - started) / .milliseconds(1))),
      ])
    let signal = Signals.waitForTermination()
    log.notice("draining", metadata: ["signal": .stringConvertible(signal)])
    responder.stop()
    log.notice("stopped")
  }

  private func listener(_ settings: Settings) -> ListenerSettings {
    var listener = ListenerSettings(socketPath: socket)
    listener.workers = workers
    listener.longBodies = Site().longBodies
    listener.spool = settings.spool
    return listener
  }
}

extension Serve {
  /// All that the environment has to say, right or not at all.
  struct Settings: Sendable {
    let databaseURL: String
    let signInURL: String
    let site: SiteConfiguration
    let templates: Templates
    let assets: Assets
    let spool: Spool
    let logLevel: Logger.Level

    init(reload: Bool) throws {
      var environment = Environment()
      let databaseURL = environment.databaseURL()
      let signInURL = environment.signInDatabaseURL(orElse: databaseURL)
      let publicURL = environment.publicURL()
      let templates = environment.templates(reload: reload)
      let assets = environment.assets()
      let migrations = environment.migrations()
      spool = environment.spool()
      logLevel = environment.logLevel()
      try environment.refuseProblems()
      guard let databaseURL, let signInURL, let publicURL, let templates, let assets, let migrations
      else { preconditionFailure("A setting that is missing is a problem.") }
      self.databaseURL = databaseURL
      self.signInURL = signInURL
      site = SiteConfiguration(
        publicURL: publicURL, release: Release.version, schema: migrations.schema)
      self.templates = templates
      self.assets = assets
    }

    func database(_ role: LoginRole) -> Database {
      Database(
        role == .signIn ? signInURL : databaseURL, user: role.rawValue,
        applicationName: "closerflow serve")
    }

    func application(_ log: Logger, workers: Int) -> Application<Services> {
      let shared = Services.Shared(
        configuration: site, templates: templates, assets: assets,
        door: SignInDoor(database(.signIn)), heavyWork: HeavyWork(spool: spool, workers: workers),
        log: log)
      let site = Site()
      return Application(
        makeState: { Services(database: database(.web), shared: shared) },
        answer: { request, services in site.respond(to: request, &services) },
        refuse: { refused, services in site.refuse(refused, &services) })
    }
  }
}

/// What must hold before a process serves anybody.
enum Readiness {
  /// Refuses a role that row security does not hold, and a schema older than this release. Returns where the schema
  /// stands, in words: functions of another release are told and served.
  static func demand(
    _ database: Database, as role: LoginRole, schema release: SchemaState
  ) throws -> String {
    try demand(database, as: role)
    let applied = try database.call(SchemaState.current)
    guard (applied.newest ?? "") >= (release.newest ?? "") else {
      throw Failure(
        .configuration,
        "the schema stands at \(applied.newest ?? "nothing"), this release needs \(release.newest ?? "none"); "
          + "run `closerflow migrate up`")
    }
    return applied.words(besides: release)
  }

  static func demand(_ database: Database, as role: LoginRole) throws {
    if let objection = try database.call(ConnectedRole.current).objection(to: role) {
      throw Failure(.notPermitted, "\(objection); sign in as \(role.rawValue)")
    }
  }
}
