extension Database {
  /// Answers a query of any length a number of rows at a trip, so that neither side ever holds all of
  /// it, inside one read-only transaction in `entry`'s context.
  ///
  /// `choose` is given what the short queries answered and says what is read. Only the trip before it is
  /// tried a second time: what was handed to `each` cannot be taken back.
  package func stream<E: Entry, each T, Element>(
    as entry: E, _ queries: repeat Query<each T>,
    choose: (E.Entered, repeat each T) throws -> Query<[Element]>,
    each: ([Element]) throws -> Void
  ) throws {
    let enter = entry.enter
    var statements = [Statement.beginReading, Statement(enter.name, enter.sql)]
    repeat statements.append(Statement((each queries).name, (each queries).sql))
    let (connection, answers) = try withConnection { connection in
      (connection, try connection.pipeline(statements))
    }
    do {
      var position = 1
      func decoded<U>(_ query: Query<U>) throws -> U {
        defer { position += 1 }
        return try query.decode(answers[position])
      }
      let entered = try decoded(enter)
      let query = try choose(entered, repeat try decoded(each queries))
      try connection.readAll(query, each)
      _ = try connection.pipeline([Statement.commit])
    } catch {
      connection.abandonTransaction()
      throw error
    }
  }
}

extension Connection {
  private static let rowsPerTrip = 200

  fileprivate func readAll<Element>(
    _ query: Query<[Element]>, _ each: ([Element]) throws -> Void
  ) throws {
    let fetch = Statement(query.name, "fetch forward 200 from long")
    var statements = [
      Statement(query.name, "declare long no scroll cursor for \(query.sql)"), fetch,
    ]
    while let rows = try pipeline(statements).last {
      if rows.count > 0 { try each(try query.decode(rows)) }
      guard rows.count == Self.rowsPerTrip else { return }
      statements = [fetch]
    }
  }

  /// Rolls back what was begun. An error here means that the connection is gone, and with it the
  /// transaction; the caller's own error says more.
  func abandonTransaction() {
    guard isUsable, isInTransaction else { return }
    do {
      _ = try pipeline([.rollback])
    } catch {
      poison()
    }
  }
}
