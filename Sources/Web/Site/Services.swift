import CRM
import Logging
import Postgres
import Secrets
import Synchronization
import Templating

/// What a worker thread answers requests with; each thread has its own.
package struct Services {
  let database: Database
  let shared: Shared

  package init(database: Database, shared: Shared) {
    self.database = database
    self.shared = shared
  }

  /// What all threads share.
  package struct Shared: Sendable {
    let configuration: SiteConfiguration
    let templates: Templates
    let assets: Assets
    let door: SignInDoor
    let heavyWork: HeavyWork
    let metrics: Metrics
    let log: Logger

    package init(
      configuration: SiteConfiguration, templates: Templates, assets: Assets, door: SignInDoor,
      heavyWork: HeavyWork, log: Logger
    ) {
      self.configuration = configuration
      self.templates = templates
      self.assets = assets
      self.door = door
      self.heavyWork = heavyWork
      self.log = log
      metrics = Metrics()
    }
  }
}

/// The one connection of the role that checks passwords, shared by the threads: signing in is rare.
package final class SignInDoor: Sendable {
  private let database: Mutex<Database>
  private let visitors = Atomic(0)

  /// Fewer than the responder has workers: who waits here for a password hash keeps one of them.
  private static let visitorsMax = 4

  package init(_ database: sending Database) { self.database = Mutex(database) }

  func open(_ attempt: SignIn) throws -> Token {
    defer { visitors.subtract(1, ordering: .relaxed) }
    guard visitors.add(1, ordering: .relaxed).newValue <= Self.visitorsMax else {
      throw PasswordHash.Failure.busy
    }
    return try database.withLock { database in try attempt.open(on: database) }
  }
}
