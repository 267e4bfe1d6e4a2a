import Glibc

/// Brings a database to the state that `migrations/` describes.
///
/// Connects as `closerflow_migrate`, works as `closerflow_owner`, one runner at a time. What is pending and the functions
/// are one transaction, where all files let them. Prints nothing: `report` gets a line for every step worth telling.
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

  /// Applies every pending file in order, and the functions that do not stand as their files say; returns what was
  /// applied, nothing when all was there.
  ///
  /// `goingBack` is how a release is rolled back: its functions replace later texts, and numbered files newer than its
  /// own stay. Throws `MigrationError`, or `PostgresError` when the server went away: then running it again is right,
  /// whatever happened.
  package func up(goingBack: Bool = false) throws -> [Step] {
    let folder = try Migrations(in: directory)
    let session = try openSession()
    return try session.whileAlone {
      try session.createBooks()
      let book = try session.functionBook()
      let conflicts = try session.conflicts(with: folder, in: book, goingBack: goingBack)
      guard conflicts.isEmpty else { throw MigrationError.history(conflicts) }
      let pending = try session.pending(of: folder.files)
      let dangers = pending.flatMap(MigrationLint.findings)
      guard dangers.isEmpty else { throw MigrationError.dangerous(dangers) }

      let steps = try session.apply(pending, of: folder, in: book, goingBack: goingBack)
      let findings = try session.catalogueFindings()
      guard findings.isEmpty else { throw MigrationError.catalogue(file: nil, findings) }
      return steps
    }
  }

  /// Every numbered file and every history row, in order. Changes nothing and waits for nobody.
  package func status() throws -> [Status] {
    try openSession().status(of: MigrationFile.all(in: directory))
  }

  /// The functions that do not stand in the database as their files say, by their paths. Changes nothing.
  package func staleFunctions() throws -> [String] {
    let session = try openSession()
    return try session.stale(FunctionFile.all(in: directory), in: session.functionBook())
      .map(\.path)
  }

  /// What stands against running `up`, and what is wrong with the schema; empty when all is well.
  /// Pending files are not wrong. Changes nothing.
  package func verify() throws -> [MigrationFinding] {
    let folder = try Migrations(in: directory)
    let session = try openSession()
    let book = try session.functionBook()
    let conflicts = try session.conflicts(with: folder, in: book).map { conflict in
      MigrationFinding(place: directory, rule: "history", text: conflict.description)
    }
    return try conflicts + session.pending(of: folder.files).flatMap(MigrationLint.findings)
      + session.functionFindings(folder, in: book)
      + MigrationCatalogue.findings(on: session.connection)
  }

  /// Takes the newest file down.
  ///
  /// Refuses with `MigrationError.dataLoss` when a table or column that would go holds anything, or
  /// when the file deletes or updates rows itself, unless told that this is meant.
  package func down(acceptingDataLoss: Bool = false) throws -> Step {
    let folder = try Migrations(in: directory)
    let session = try openSession()
    return try session.whileAlone {
      let conflicts = try session.conflicts(with: folder, in: session.functionBook())
      guard conflicts.isEmpty else { throw MigrationError.history(conflicts) }
      guard let newest = try session.history().last,
        let file = folder.files.first(where: { $0.version == newest.version })
      else { throw MigrationError.nothingToTakeDown }
      return try session.takeDown(file, of: folder, acceptingDataLoss: acceptingDataLoss)
    }
  }

  /// Writes an empty migration with the next number into `directory`, or, for a title like `leads/find_leads`, the file
  /// of a function; returns its path in there.
  package static func new(_ title: String, in directory: String) throws -> String {
    let parts = title.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    return parts.count == 2
      ? try FunctionFile.make(parts[0], parts[1], in: directory)
      : try MigrationFile.make(title, in: directory)
  }

  private func openSession() throws -> MigrationSession {
    try MigrationSession(
      target: target, runnerVersion: runnerVersion, limits: limits, report: report)
  }
}
