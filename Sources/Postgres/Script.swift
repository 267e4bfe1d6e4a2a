import CLibPQ

extension Connection {
  /// Runs a text of several statements in the simple protocol, outside any pipeline and without a
  /// limit in time: migrations. An error names its line where the server names a place.
  package func script(_ text: String) throws(PostgresError) {
    var completed = 0
    try script(text, completed: &completed)
  }

  /// `completed` counts the statements that ran before an error.
  func script(_ text: String, completed: inout Int) throws(PostgresError) {
    guard isUsable, PQexitPipelineMode(handle) == 1 else { throw .connectionLost(lastMessage) }
    PQsetnonblocking(handle, 0)
    defer {
      PQsetnonblocking(handle, 1)
      PQenterPipelineMode(handle)
    }
    guard PQsendQuery(handle, text) == 1 else { throw .connectionLost(lastMessage) }
    var failure: PostgresError?
    while let result = PQgetResult(handle) {
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: completed += 1
      case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
        poison()
        throw .connectionLost("COPY is not spoken here")
      default:
        failure = failure ?? .server(.init(result, statement: "script", text: text))
      }
    }
    guard PQstatus(handle) == CONNECTION_OK else {
      throw .connectionLost(failure?.debugDescription ?? lastMessage)
    }
    if let failure { throw failure }
  }
}
