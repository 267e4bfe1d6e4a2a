import Glibc
import Postgres
import Synchronization

/// The database that the tests share; each test brings a tenant of its own.
package enum TestDatabase {
  /// `TEST_DATABASE_URL`, which deploy/test sets: migrated, and open to every login role.
  package static let url: String = {
    guard let value = getenv("TEST_DATABASE_URL") else {
      preconditionFailure("TEST_DATABASE_URL is not set: run the tests with deploy/test.")
    }
    return String(cString: value)
  }()

  package static func open(as role: Role) -> Database {
    Database(url, user: role.rawValue, applicationName: "tests")
  }

  /// One that nobody else holds now, used before perhaps: opening a connection costs more than most tests do with it.
  /// Not for what leaves something of a session behind.
  package static func shared(as role: Role) -> Database {
    idle.withLock { $0.take(role) }.database
  }

  /// Databases are their holder's alone: the lock hands each to one test at a time.
  private struct Lent: @unchecked Sendable {
    let database: Database
  }

  private struct Idle: @unchecked Sendable {
    private var databases: [Role: [Database]] = [:]

    mutating func take(_ role: Role) -> Lent {
      for index in databases[role, default: []].indices {
        // Only this list refers to it: whoever held it is gone.
        guard isKnownUniquelyReferenced(&databases[role, default: []][index]) else { continue }
        let found = databases[role, default: []][index]
        _ = found.takeTally()
        return Lent(database: found)
      }
      let new = TestDatabase.open(as: role)
      databases[role, default: []].append(new)
      return Lent(database: new)
    }
  }

  private static let idle = Mutex(Idle())

  package enum Role: String, CaseIterable, Sendable {
    case web = "closerflow_web"
    case worker = "closerflow_worker"
    case signIn = "closerflow_sign_in"
    case migrate = "closerflow_migrate"
    /// For what nobody else may do: skipping triggers to make many rows.
    case superuser = "postgres"

    /// The roles that processes sign in as.
    package static let login: [Role] = [.web, .worker, .signIn]
  }
}
