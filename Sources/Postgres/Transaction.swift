/// A write in two round trips: look and lock, decide, then everything with COMMIT.
///
/// A class and not `Sendable`, so that it cannot outlive its closure on another thread.
package final class Transaction<E: Entry> {
  private enum State {
    case fresh
    case begun
    /// The look failed and the server rolled back; there is nothing left to commit to.
    case failed(any Error)
  }

  private enum Work {
    case statement(Statement)
    case series((_ send: (Statement) throws -> Void) throws -> Void)
  }

  private let entry: E
  private let connection: Connection
  private var queued: [Work] = []
  private var state = State.fresh

  init(entry: E, on connection: Connection) {
    self.entry = entry
    self.connection = connection
  }

  /// The first trip: begins, enters and answers the queries. At most once, before any decision.
  package func look<each T>(_ queries: repeat Query<each T>) throws -> (E.Entered, repeat each T) {
    guard case .fresh = state else {
      preconditionFailure("a write looks once: put every look and lock into one call")
    }
    let enter = entry.enter
    var statements = [Statement.begin, Statement(enter.name, enter.sql)]
    repeat statements.append(Statement((each queries).name, (each queries).sql))
    let answers = try begin(statements)

    var position = 1
    func decoded<U>(_ query: Query<U>) throws -> U {
      defer { position += 1 }
      return try query.decode(answers[position])
    }
    let entered = try decoded(enter)
    return (entered, repeat try decoded(each queries))
  }

  private func begin(_ statements: [Statement]) throws(PostgresError) -> [Rows] {
    do throws(PostgresError) {
      let answers = try connection.pipeline(statements)
      state = .begun
      return answers
    } catch {
      state = .failed(error)
      throw error
    }
  }

  /// Queues a statement for the second trip. An UPDATE that hits no row is no error to PostgreSQL:
  /// what must hold is locked by `look`, kept by a constraint, or raised by the statement itself.
  package func run(_ name: StaticString, _ sql: SQL) {
    queued.append(.statement(Statement(name, sql)))
  }

  /// Queues statements that are made one at a time, a trip each, because all of them would be too much
  /// for memory. `series` may be called a second time, from its beginning.
  package func run(
    _ name: StaticString, series: @escaping (_ send: (SQL) throws -> Void) throws -> Void
  ) {
    queued.append(.series { send in try series { sql in try send(Statement(name, sql)) } })
  }

  func commit() throws {
    var statements: [Statement] = []
    switch state {
    case .failed(let error): throw error
    case .fresh: statements = [.begin, Statement(entry.enter.name, entry.enter.sql)]
    case .begun:
      // While `body` decided, the server may have gone: then nothing was committed.
      guard connection.isStillThere() else {
        throw PostgresError.connectionLost("the server hung up between two trips")
      }
    }
    for work in queued {
      switch work {
      case .statement(let statement): statements.append(statement)
      case .series(let series):
        try series { statement in
          _ = try connection.pipeline(statements + [statement])
          statements = []
        }
      }
    }
    statements.append(.commit)
    do throws(PostgresError) {
      _ = try connection.pipeline(statements)
    } catch {
      throw error.whileCommitting
    }
  }

  /// Rolls back what was begun.
  func abandon() { connection.abandonTransaction() }
}
