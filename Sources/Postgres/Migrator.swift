import Glibc

/// Brings a database to the state that `migrations/` describes.
///
/// Connects as `closerflow_migrate`, works as `closerflow_owner`, one runner at a time, one
/// transaction a file. Prints nothing: `report` gets a line for every step worth telling.
package struct Migrator {
  package struct Limits: Sendable {
    /// How long to wait for another runner.
    package var runnerWaitSeconds = 60
    /// How long one statement waits for a table's lock before its file starts again.
    package var lockTimeoutMilliseconds = 4_000
    /// How often a file is tried, when locks are in the way.
    package var attemptsMax = 10
    /// The longest pause between two tries; a random part of it is waited.
    package var pauseMillisecondsMax = 2_000

    package init() {}
  }

  /// A file that was applied or taken down just now.
  package struct Step: Sendable {
    package let file: String
    package let milliseconds: Int
  }

  /// One row of `status`: a file, or a history row whose file is gone.
  package struct Status: Sendable {
    package enum State: Sendable, Equatable {
      case applied(at: String)
      case pending
      case conflict(HistoryConflict)
    }

    package let version: String
    package let name: String
    package let state: State
  }

  private let target: Connection.Target
  private let directory: String
  private let runnerVersion: String
  private let limits: Limits
  private let report: (String) -> Void

  /// `runnerVersion` is remembered in the history with every file.
  package init(
    _ url: String, directory: String, runnerVersion: String, limits: Limits = Limits(),
    report: @escaping (String) -> Void = { _ in }
  ) {
    target = Connection.Target(
      url, user: "closerflow_migrate", applicationName: "closerflow migrate")
    self.directory = directory
    self.runnerVersion = runnerVersion
    self.limits = limits
    self.report = report
  }

  /// Applies every pending file in order; returns what was applied, nothing when all was there.
  ///
  /// Throws `MigrationError`, or `PostgresError` when the server went away: then running it again
  /// is right, whatever happened.
  package func up() throws -> [Step] {
    let files = try MigrationFile.all(in: directory)
    let session = try openSession()
    return try session.whileAlone {
      try session.createHistory()
      let conflicts = try session.conflicts(with: files)
      guard conflicts.isEmpty else { throw MigrationError.history(conflicts) }
      let pending = try session.pending(of: files)
      let dangers = pending.flatMap(MigrationLint.findings)
      guard dangers.isEmpty else { throw MigrationError.dangerous(dangers) }

      let steps = try pending.map { file in try session.apply(file) }
      let findings = try MigrationCatalogue.findings(on: session.connection)
      guard findings.isEmpty else { throw MigrationError.catalogue(file: nil, findings) }
      return steps
    }
  }

  /// Every file and every history row, in order. Changes nothing and waits for nobody.
  package func status() throws -> [Status] {
    try openSession().status(of: MigrationFile.all(in: directory))
  }

  /// What stands against running `up`, and what is wrong with the schema; empty when all is well.
  /// Pending files are not wrong. Changes nothing.
  package func verify() throws -> [MigrationFinding] {
    let files = try MigrationFile.all(in: directory)
    let session = try openSession()
    let conflicts = try session.conflicts(with: files).map { conflict in
      MigrationFinding(place: directory, rule: "history", text: conflict.description)
    }
    return try conflicts + session.pending(of: files).flatMap(MigrationLint.findings)
      + MigrationCatalogue.findings(on: session.connection)
  }

  /// Takes the newest file down.
  ///
  /// Refuses with `MigrationError.dataLoss` when a table or column that would go holds anything, or
  /// when the file deletes or updates rows itself, unless told that this is meant.
  package func down(acceptingDataLoss: Bool = false) throws -> Step {
    let files = try MigrationFile.all(in: directory)
    let session = try openSession()
    return try session.whileAlone {
      let conflicts = try session.conflicts(with: files)
      guard conflicts.isEmpty else { throw MigrationError.history(conflicts) }
      guard let newest = try session.history().last,
        let file = files.first(where: { $0.version == newest.version })
      else { throw MigrationError.nothingToTakeDown }
      return try session.takeDown(file, acceptingDataLoss: acceptingDataLoss)
    }
  }

  /// Writes an empty migration with the next number into `directory`; returns its file name.
  package static func new(_ title: String, in directory: String) throws -> String {
    try MigrationFile.make(title, in: directory)
  }

  private func openSession() throws -> MigrationSession {
    try MigrationSession(
      target: target, runnerVersion: runnerVersion, limits: limits, report: report)
  }
}
