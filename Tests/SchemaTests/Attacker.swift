import CRM
import Postgres
import TestSupport

/// Somebody who can run any SQL as one of the login roles; counts what was tried and what worked.
struct Attacker {
  enum Way: CustomStringConvertible {
    /// As the web role, inside a signed-in session.
    case session(String, Session)
    /// As the worker, holding a lease.
    case lease(LeasedDelivery)
    /// As a login role without any ticket.
    case bare(TestDatabase.Role)

    var description: String {
      switch self {
      case .session(let who, _): "web as \(who)"
      case .lease: "worker with a lease"
      case .bare(let role): "\(role.rawValue) without a ticket"
      }
    }
  }

  private(set) var tried = 0
  private(set) var worked: [String] = []
  /// Attempts that the server did not even understand: they would prove nothing.
  private(set) var misspelt: [String] = []

  /// `statement` is one that counts what it changed or saw. It worked if that is more than nothing
  /// and the transaction committed.
  mutating func attempt(_ what: String, _ statement: SQL, _ ways: [Way]) {
    for way in ways {
      tried += 1
      do {
        if try hits(Query("attack", statement, only: { try $0.next() }), way) > 0 {
          worked.append("\(way): \(what)")
        }
      } catch {
        note(error, what, way)
      }
    }
  }

  /// A command that must raise an error.
  mutating func command(_ what: String, _ statement: SQL, _ ways: [Way]) {
    for way in ways {
      tried += 1
      do {
        _ = try hits(Query("attack", statement, decode: { _ in 0 }), way)
        worked.append("\(way): \(what)")
      } catch {
        note(error, what, way)
      }
    }
  }

  /// The sign-in role does not even see the schema: to it nothing has a name.
  private mutating func note(_ error: any Error, _ what: String, _ way: Way) {
    guard case .bare(.signIn) = way else {
      let mistakes = [
        "42601", "42703", "42804", "42883", "42P01", "42P08", "42P18", "22P02", "0A000",
      ]
      if let state = (error as? PostgresError)?.sqlState, mistakes.contains(state) {
        misspelt.append("\(way): \(what): \(String(reflecting: error))")
      }
      return
    }
  }

  /// A change: refused, or touches no row.
  mutating func change(_ what: String, _ change: SQL, _ ways: [Way]) {
    attempt(what, "with change as (\(change) returning 1) select count(*) from change", ways)
  }

  private func hits(_ query: Query<Int>, _ way: Way) throws -> Int {
    switch way {
    case .session(_, let session):
      return try count(query, as: session, on: TestDatabase.open(as: .web))
    case .lease(let lease):
      return try count(query, as: lease, on: TestDatabase.open(as: .worker))
    case .bare(let role):
      return try TestDatabase.open(as: role).call(query)
    }
  }

  private func count(
    _ query: Query<Int>, as entry: some Entry, on database: Database
  ) throws -> Int {
    try database.write(as: entry) { tx in
      let (_, hits) = try tx.look(query)
      return hits
    }
  }
}
