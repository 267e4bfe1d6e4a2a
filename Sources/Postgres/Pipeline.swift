import CLibPQ
import Glibc

extension Connection {
  /// Prepared statements kept at the server for one connection; then they are all forgotten. The
  /// texts are compiled in, so only statements joined from many fragments get near it.
  static let preparedMax = 1_000

  /// Sends the statements and reads every answer: one round trip.
  ///
  /// The first error aborts the statements behind it; the error names the statement. A transaction
  /// left open by an aborted pipeline is rolled back before this returns (then one more trip).
  package func pipeline(_ statements: [Statement]) throws(PostgresError) -> [Rows] {
    // Before anything is sent: half a pipeline in libpq's buffer would go out with the next one.
    try refuseNUL(in: statements)
    if prepared.count >= Self.preparedMax { try forgetStatements() }

    let answers = try exchange(statements)
    guard let failure = answers.failure else { return answers.rows }
    // An explicit BEGIN outlives an aborted pipeline; end it so that the connection is clean.
    if isInTransaction { _ = try exchange([.rollback]) }
    throw failure
  }

  private func refuseNUL(in statements: [Statement]) throws(PostgresError) {
    for statement in statements {
      for case .value(let bind) in statement.sql.pieces where bind.isTextWithNUL {
        throw .nulInText(statement: statement.name)
      }
    }
  }

  private func forgetStatements() throws(PostgresError) {
    _ = try exchange([Statement("deallocate", "deallocate all")])
    prepared.removeAll()
  }

  /// One round trip. Throws when the connection is gone or out of step; what the server refused is
  /// returned, the connection then being in order.
  private func exchange(_ statements: [Statement]) throws(PostgresError) -> Answers {
    let started = microsecondsNow()
    defer {
      tally.roundTrips += 1
      tally.microseconds += microsecondsNow() - started
    }
    do {
      let isNew = try send(statements)
      var answers = Answers(until: started / 1_000 + limits.answer)
      try receive(statements, isNew, into: &answers)
      return answers
    } catch {
      poison()
      throw error
    }
  }
}

/// What came back so far.
private struct Answers {
  var rows: [Rows] = []
  /// The first error; the statements behind it were skipped.
  var failure: PostgresError?
  /// Milliseconds of the monotonic clock, for the whole trip.
  let deadline: Int

  init(until deadline: Int) { self.deadline = deadline }
}

// MARK: - Sending

extension Connection {
  /// The server-side names given to statements on this trip, nil where the name was known before.
  private typealias NewNames = [String?]

  private func send(_ statements: [Statement]) throws(PostgresError) -> NewNames {
    guard isUsable else { throw .connectionLost(lastMessage) }
    var newNames: NewNames = []
    newNames.reserveCapacity(statements.count)
    for (position, statement) in statements.enumerated() {
      let shape = StatementShape(statement.sql)
      if let known = prepared[shape] {
        try execute(statement, as: known)
        newNames.append(nil)
      } else if let twin = earlier(shape, in: statements[..<position], newNames) {
        try execute(statement, as: twin)
        newNames.append(nil)
      } else {
        namesGiven += 1
        let name = "s\(namesGiven)"
        try prepare(statement, as: name)
        try execute(statement, as: name)
        newNames.append(name)
      }
    }
    guard PQpipelineSync(handle) == 1 else { throw .connectionLost(lastMessage) }
    return newNames
  }

  /// The name under which the same text went out earlier on this trip.
  private func earlier(
    _ shape: StatementShape, in sent: ArraySlice<Statement>, _ newNames: NewNames
  ) -> String? {
    for (statement, name) in zip(sent, newNames) {
      if let name, StatementShape(statement.sql) == shape { return name }
    }
    return nil
  }

  private func prepare(_ statement: Statement, as name: String) throws(PostgresError) {
    // The name leads the text, so that server logs and pg_stat_statements speak our names.
    let text = "/* \(statement.name) */ \(statement.sql.text)"
    guard PQsendPrepare(handle, name, text, 0, nil) == 1 else { throw .connectionLost(lastMessage) }
  }

  private func execute(_ statement: Statement, as name: String) throws(PostgresError) {
    parameters.fill(from: statement.sql)
    let sent = parameters.withParameters { count, values, lengths, formats in
      PQsendQueryPrepared(handle, name, count, values, lengths, formats, 0)
    }
    guard sent == 1 else { throw .connectionLost(lastMessage) }
  }
}

// MARK: - Receiving

extension Connection {
  private func receive(
    _ statements: [Statement], _ newNames: NewNames, into answers: inout Answers
  ) throws(PostgresError) {
    answers.rows.reserveCapacity(statements.count)
    for (statement, newName) in zip(statements, newNames) {
      if let newName, try answer(to: statement, &answers) != nil {
        prepared[StatementShape(statement.sql)] = newName
      }
      if let rows = try answer(to: statement, &answers) { answers.rows.append(rows) }
    }
    try readSync(until: answers.deadline)
  }

  /// One statement's result, nil when it or one before it failed.
  private func answer(
    to statement: Statement, _ answers: inout Answers
  ) throws(PostgresError) -> Rows? {
    guard let result = try nextResult(until: answers.deadline) else {
      throw .connectionLost(lastMessage)
    }
    let rows = Rows(owning: result, name: statement.name)
    var answer: Rows?
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK: answer = rows
    case PGRES_PIPELINE_ABORTED: break
    default:
      let error = PostgresError.ServerError(result, statement: statement.name)
      // Behind a FATAL message the server closes the connection.
      guard PQstatus(handle) == CONNECTION_OK, !error.isFatal else {
        throw .connectionLost(PostgresError.server(error).debugDescription)
      }
      answers.failure = answers.failure ?? .server(error)
    }
    // Each command's results end with a null pointer.
    while let extra = try nextResult(until: answers.deadline) { PQclear(extra) }
    return answer
  }

  private func readSync(until deadline: Int) throws(PostgresError) {
    guard let sync = try nextResult(until: deadline) else { throw .connectionLost(lastMessage) }
    defer { PQclear(sync) }
    guard PQresultStatus(sync) == PGRES_PIPELINE_SYNC else {
      throw .connectionLost("the pipeline lost its place")
    }
  }

  /// The next result. Sends and receives by turns, so that neither side's full buffer stops both.
  private func nextResult(until deadline: Int) throws(PostgresError) -> OpaquePointer? {
    while true {
      if PQisBusy(handle) == 0 { return PQgetResult(handle) }
      let flushed = PQflush(handle)
      guard flushed >= 0 else { throw .connectionLost(lastMessage) }
      let wanted = flushed == 1 ? POLLIN | POLLOUT : POLLIN
      guard try wait(for: wanted, until: deadline) else {
        throw .unavailable("no answer within \(limits.answer) ms")
      }
      guard PQconsumeInput(handle) == 1 else { throw .connectionLost(lastMessage) }
    }
  }
}
