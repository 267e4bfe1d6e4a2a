import Glibc
import Postgres

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
