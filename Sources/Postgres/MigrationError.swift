import Glibc

/// Why a migration was not run; each description is a sentence for whoever runs it.
package enum MigrationError: Error, Sendable {
  /// A file or directory that cannot be read or written.
  case unreadable(String, errno: Int32)
  /// A file that is no migration.
  case malformed(file: String, line: Int?, String)
  /// The files and the database's history contradict each other.
  case history([HistoryConflict])
  /// Statements that endanger a running system.
  case dangerous([MigrationFinding])
  /// A statement failed; everything of its transaction was rolled back.
  case failed(file: String, line: Int?, sqlState: String, String)
  /// The schema breaks a rule; `file` was rolled back, nil when it was like that before.
  case catalogue(file: String?, [MigrationFinding])
  /// Another runner held the lock for all the seconds we waited.
  case anotherRunner(waitedSeconds: Int)
  /// What going down would lose.
  case dataLoss(file: String, [String])
  case nothingToTakeDown
  case noWayDown(file: String)
  /// The database was made by the chain of migrations that was squashed before anything was released.
  case beforeTheSquash
  /// The database does not know our roles.
  case notBootstrapped(String)
}

/// One way in which files and history contradict each other.
package enum HistoryConflict: Sendable, Equatable {
  case edited(file: String)
  case vanished(file: String)
  case outOfOrder(file: String, newestApplied: String)
  /// Of a function a later text was applied since.
  case superseded(file: String)
}

/// One thing a rule found.
package struct MigrationFinding: Sendable, Hashable {
  /// `0007_drafts.sql:93`, or the name of a table or function.
  package let place: String
  package let rule: String
  package let text: String
}

extension MigrationFinding: CustomStringConvertible {
  package var description: String { "\(place): \(text) [\(rule)]" }
}

extension HistoryConflict: CustomStringConvertible {
  package var description: String {
    switch self {
    case .edited(let file):
      "\(file) was changed after it was applied; restore it and put the change into a new migration"
    case .vanished(let file):
      "\(file) is applied but its file is gone; restore it, run the release that has it, or, in an older one, go back on purpose with --back"
    case .outOfOrder(let file, let newest):
      "\(file) comes before \(newest), which is applied; give it the next number"
    case .superseded(let file):
      "\(file) is a text that a later one has replaced; run the newest release, or go back on purpose with --back"
    }
  }
}

extension MigrationError {
  /// Somebody else held a lock for too long, or two waited for each other: the same may pass when it is tried again.
  static func isLockInTheWay(_ error: any Error) -> Bool {
    let state: String? =
      switch error {
      case MigrationError.failed(_, _, let state, _): state
      case let error as PostgresError: error.sqlState
      default: nil
      }
    return state == "55P03" || state == "40P01"
  }

  var file: String? {
    guard case .failed(let file, _, _, _) = self else { return nil }
    return file
  }
}

extension MigrationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let path, let code): "\(path): \(String(cString: strerror(code)))"
    case .malformed(let file, let line, let text): "\(place(file, line)) \(text)"
    case .history(let conflicts): conflicts.map(\.description).joined(separator: "\n")
    case .dangerous(let findings):
      findings.map(\.description).joined(separator: "\n")
        + "\nwhere it is right all the same, say so above the statement: -- lint:allow RULE: reason"
    case .failed(let file, let line, let state, let message):
      "\(place(file, line)) failed and was rolled back: "
        + (message.isEmpty ? state : "\(message) (\(state))")
    case .catalogue(let file, let findings):
      (file.map { "\($0) was rolled back, because it leaves" } ?? "the database has")
        + " what the rules forbid:\n" + findings.map(\.description).joined(separator: "\n")
    case .anotherRunner(let seconds): "another migration is running; gave up after \(seconds) s"
    case .dataLoss(let file, let losses):
      "taking \(file) down would lose data: \(losses.joined(separator: ", "))"
    case .nothingToTakeDown: "no migration is applied"
    case .noWayDown(let file): "\(file) has no -- migrate:down"
    case .beforeTheSquash:
      "this database was made before the migrations were squashed into what stands, and nothing was ever released on it; make it anew (deploy/demo --reset)"
    case .notBootstrapped(let text):
      "the database is not set up; run deploy/postgres/bootstrap.sql as its superuser (\(text))"
    }
  }
}

private func place(_ file: String, _ line: Int?) -> String {
  line.map { "\(file):\($0)" } ?? file
}
