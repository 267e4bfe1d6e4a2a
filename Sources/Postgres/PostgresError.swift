import CLibPQ

/// What can go wrong between here and the server.
///
/// `description` names the statement, the SQLSTATE and the constraint, never the values or the
/// server's message: those may hold a customer's data. `debugDescription` adds the message, except
/// where the server quotes the value in it.
package enum PostgresError: Error, Sendable {
  /// The server could not be reached, or did not answer in time.
  case unavailable(String)
  /// The connection broke; nothing of the transaction was committed.
  case connectionLost(String)
  /// The connection broke after COMMIT was sent: whether it happened is not known.
  case outcomeUnknown(String)
  case server(ServerError)
  case decoding(String)
  /// A text value holds U+0000, which PostgreSQL cannot store.
  case nulInText(statement: StaticString)

  package struct ServerError: Sendable {
    /// Five characters, PostgreSQL manual appendix A; `CF…` are ours (docs/architecture.md).
    package let sqlState: String
    package let constraint: String?
    package let table: String?
    package let statement: StaticString
    /// Empty in class 22 (data exceptions), where the server's text quotes the value.
    package let message: String
    /// The line of a script, from 1, where the server named a place in it.
    package let line: Int?
    /// The server closes the connection behind this error.
    let isFatal: Bool
  }
}

extension PostgresError {
  /// The SQLSTATE where the server answered with an error.
  package var sqlState: String? {
    guard case .server(let error) = self else { return nil }
    return error.sqlState
  }

  /// The violated constraint or index, where the server named one.
  package var constraint: String? {
    guard case .server(let error) = self else { return nil }
    return error.constraint
  }

  /// True when the server is away rather than unhappy: answer 503, try again.
  package var isOutage: Bool {
    switch self {
    case .unavailable, .connectionLost, .outcomeUnknown: true
    case .server(let error):
      // Class 53: out of disk, memory, connections; 57014, 55P03: statement or lock timeout.
      error.sqlState.utf8.starts(with: "53".utf8) || ["57014", "55P03"].contains(error.sqlState)
        || isConflict
    case .decoding, .nulInText: false
    }
  }

  /// Deadlock or serialization failure: the same transaction may pass when it is tried again.
  package var isConflict: Bool { ["40P01", "40001"].contains(sqlState) }

  /// A new connection may do better: a plan prepared before a migration no longer fits (0A000),
  /// somebody threw the prepared statements away (26000), the primary became a standby (25006).
  var isStaleConnection: Bool { ["0A000", "26000", "25006"].contains(sqlState) }
}

extension PostgresError.ServerError {
  /// Reads libpq's error result; `text` is the script in which the server's position counts.
  init(_ result: OpaquePointer, statement: StaticString, text: String? = nil) {
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, CInt(code.value)).map { String(cString: $0) }
    }
    sqlState = field("C") ?? "XX000"
    constraint = field("n")
    table = field("t")
    self.statement = statement
    message = sqlState.utf8.starts(with: "22".utf8) ? "" : field("M") ?? ""
    isFatal = field("V") == "FATAL" || field("V") == "PANIC"
    line = text.flatMap { text in
      field("P").flatMap { Int($0) }.map { position in
        // The server counts characters (code points) from 1.
        text.unicodeScalars.prefix(position - 1).count { $0 == "\n" } + 1
      }
    }
  }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
  package var description: String {
    switch self {
    case .unavailable: "the database cannot be reached"
    case .connectionLost: "the connection to the database was lost"
    case .outcomeUnknown: "the connection was lost while committing"
    case .server(let error):
      "\(error.statement) failed with \(error.sqlState)"
        + (error.constraint.map { " (\($0))" } ?? "")
    case .decoding(let text): text
    case .nulInText(let statement): "\(statement): a text value holds NUL"
    }
  }

  package var debugDescription: String {
    switch self {
    case .unavailable(let text), .connectionLost(let text), .outcomeUnknown(let text):
      "\(description): \(text)"
    case .server(let error) where !error.message.isEmpty: "\(description): \(error.message)"
    default: description
    }
  }
}
