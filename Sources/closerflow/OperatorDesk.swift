import CRM
import Postgres

/// The operator's way into the database: as `closerflow_migrate`, which may become the owner.
struct OperatorDesk {
  let database: Database

  init() throws {
    var environment = Environment()
    let url = environment.databaseURL()
    try environment.refuseProblems()
    guard let url else { preconditionFailure("A setting that is missing is a problem.") }
    database = Database(
      url, user: LoginRole.migrate.rawValue, applicationName: "closerflow operator")
  }

  func look<T>(_ query: Query<T>, for tenant: ID<Tenant>? = nil) throws -> T {
    let (_, answer) = try database.read(as: Operator(for: tenant), query)
    return answer
  }

  /// The tenant of that name, or a refusal.
  func tenant(_ slug: String) throws -> ID<Tenant> {
    guard let tenant = try look(Tenant.named(slug)) else {
      throw Failure(.refused, "there is no tenant \(slug); `closerflow tenant list` shows them")
    }
    return tenant
  }

  func write<Result>(
    for tenant: ID<Tenant>, _ body: (Transaction<Operator>) throws -> Result
  ) throws -> Result {
    try database.write(as: Operator(for: tenant), body)
  }
}
