/// Who a transaction acts for: the statement that sets its context, or raises when it may not.
package protocol Entry: Sendable {
  associatedtype Entered: Sendable
  var enter: Query<Entered> { get }
}

/// One thread's door to PostgreSQL: reads in one round trip, writes in two.
///
/// Not `Sendable`: each thread opens its own. A broken connection is reopened on the next use; a
/// unit of work that provably committed nothing is then tried once more, anything else is not.
package final class Database {
  /// What another thread opens its own door with.
  struct Opening: Sendable {
    let target: Connection.Target
    let limits: Connection.Limits
  }

  let opening: Opening
  private var open: Connection?
  /// What connections that are gone did since it was last asked.
  private var earlier = Connection.Tally()

  /// `user` and `applicationName` stand where the URL names none.
  package init(
    _ url: String, user: String? = nil, applicationName: String? = nil,
    limits: Connection.Limits = Connection.Limits()
  ) {
    opening = Opening(
      target: Connection.Target(url, user: user, applicationName: applicationName), limits: limits)
  }

  init(_ opening: Opening) { self.opening = opening }

  /// Round trips and time since the last call; for the request log.
  package func takeTally() -> Connection.Tally {
    defer {
      earlier = Connection.Tally()
      open?.tally = Connection.Tally()
    }
    var sum = earlier
    if let open { sum += open.tally }
    return sum
  }

  /// Answers the queries in one round trip, inside one read-only transaction in `entry`'s context.
  package func read<E: Entry, each T>(
    as entry: E, _ queries: repeat Query<each T>
  ) throws -> (E.Entered, repeat each T) {
    try read(as: entry, (), whole: { entered in entered }, repeat each queries)
  }

  /// The same where some answers are parts of one thing, which `whole` puts together.
  package func read<E: Entry, each Part, Whole, each T>(
    as entry: E, _ parts: (repeat Query<each Part>),
    whole: (E.Entered, repeat each Part) throws -> Whole, _ queries: repeat Query<each T>
  ) throws -> (Whole, repeat each T) {
    let enter = entry.enter
    var statements = [Statement.beginReading, Statement(enter.name, enter.sql)]
    repeat statements.append(Statement((each parts).name, (each parts).sql))
    repeat statements.append(Statement((each queries).name, (each queries).sql))
    statements.append(.commit)

    let answers = try withConnection { connection in try connection.pipeline(statements) }
    var position = 1
    func decoded<U>(_ query: Query<U>) throws -> U {
      defer { position += 1 }
      return try query.decode(answers[position])
    }
    let made = try whole(try decoded(enter), repeat try decoded(each parts))
    return (made, repeat try decoded(each queries))
  }

  /// Runs `body` in a transaction in `entry`'s context: `tx.look` is the first trip, everything
  /// queued with `tx.run` goes with COMMIT in the second. Without `look` there is one trip only.
  ///
  /// An error thrown by `body` rolls back. `body` runs again when the connection was lost before
  /// COMMIT was sent, or when the server chose this transaction to end a deadlock, so it changes
  /// nothing but `tx`.
  package func write<E: Entry, Result>(
    as entry: E, _ body: (Transaction<E>) throws -> Result
  ) throws -> Result {
    var triesLeft = 3
    while true {
      do {
        return try writeOnce(as: entry, body)
      } catch let error as PostgresError where error.isConflict && triesLeft > 0 {
        triesLeft -= 1
      }
    }
  }

  private func writeOnce<E: Entry, Result>(
    as entry: E, _ body: (Transaction<E>) throws -> Result
  ) throws -> Result {
    try withConnection { connection in
      let transaction = Transaction(entry: entry, on: connection)
      do {
        let result = try body(transaction)
        try transaction.commit()
        return result
      } catch {
        transaction.abandon()
        throw error
      }
    }
  }

  /// One statement outside any tenant's context, in a transaction of its own: sign-in, claims.
  package func call<T>(_ query: Query<T>) throws -> T {
    let statement = Statement(query.name, query.sql)
    let answers = try withConnection { connection in
      do throws(PostgresError) {
        return try connection.pipeline([statement])
      } catch {
        throw error.whileCommitting  // there is no COMMIT of its own, so from the first byte on
      }
    }
    return try query.decode(answers[0])
  }

  /// A connection's own commands: checks and set-up.
  package func script(_ text: String) throws {
    try withConnection { connection in
      do throws(PostgresError) {
        try connection.script(text)
      } catch {
        throw error.whileCommitting
      }
    }
  }

  package func close() {
    if let open { earlier += open.tally }
    open = nil
  }

  /// A connection that answers, as far as can be told without asking.
  private func connection() throws(PostgresError) -> Connection {
    if let open, open.isStillThere() { return open }
    close()
    let fresh = try Connection(to: opening.target, limits: opening.limits)
    open = fresh
    return fresh
  }

  func withConnection<Result>(_ body: (Connection) throws -> Result) throws -> Result {
    let last = open
    let connection = try connection()
    do {
      return try body(connection)
    } catch let error as PostgresError where connection === last && error.allowsSecondTry {
      close()
      return try body(try self.connection())
    }
  }
}

extension PostgresError {
  /// True where the transaction provably ended without a commit and a new connection may do better.
  fileprivate var allowsSecondTry: Bool {
    if case .connectionLost = self { return true }
    return isStaleConnection
  }

  /// The same error where COMMIT was on its way: a broken connection then tells nothing.
  var whileCommitting: PostgresError {
    switch self {
    case .connectionLost(let text), .unavailable(let text): .outcomeUnknown(text)
    default: self
    }
  }
}
