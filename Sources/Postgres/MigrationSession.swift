import Glibc

/// One runner's connection, from connecting to hanging up.
final class MigrationSession {
  /// The key of the session-level advisory lock that runners hold: the bytes of "closerfl".
  /// Nothing else in this database may use it.
  static let lockKey = 0x636C_6F73_6572_666C

  let connection: Connection
  let runnerVersion: String
  let limits: Migrator.Limits
  let report: (String) -> Void
  private var functionHashes: [String: String] = [:]
  var lastFindings: [MigrationFinding]?

  init(
    target: Connection.Target, runnerVersion: String, limits: Migrator.Limits,
    report: @escaping (String) -> Void
  ) throws {
    // A statement of a migration may take long; what may not wait is a lock, see `prepare`.
    connection = try Connection(to: target, limits: .init(connect: 5_000, answer: 3_600_000))
    self.runnerVersion = runnerVersion
    self.limits = limits
    self.report = report
    do {
      try prepare()
    } catch PostgresError.server(let error) {
      throw MigrationError.notBootstrapped(error.message)
    }
  }

  /// The same session for every file, whatever the file before it has set.
  func prepare() throws {
    try connection.script(
      """
      reset all;
      set role closerflow_owner;
      set lock_timeout = \(limits.lockTimeoutMilliseconds);
      set statement_timeout = 0;
      set idle_in_transaction_session_timeout = '5min';
      -- a runner that was killed leaves no statement running behind it
      set client_connection_check_interval = '1s'
      """)
  }

  /// Runs `body` while no other runner works. Asks again and again instead of waiting inside the
  /// server: a waiting statement holds a snapshot, on which CREATE INDEX CONCURRENTLY would wait.
  func whileAlone<Result>(_ body: () throws -> Result) throws -> Result {
    let deadline = millisecondsNow() + limits.runnerWaitSeconds * 1_000
    let lock = Query(
      "Migrator.lock", "select pg_try_advisory_lock(\(Self.lockKey))",
      only: { try $0.next(Bool.self) })
    var isFirst = true
    while try !ask(lock) {
      if isFirst { report("another migration is running; waiting") }
      isFirst = false
      guard millisecondsNow() < deadline else {
        throw MigrationError.anotherRunner(waitedSeconds: limits.runnerWaitSeconds)
      }
      usleep(UInt32.random(in: 100_000...300_000))
    }
    // Hanging up gives the lock back, also when `body` throws and the connection is dropped.
    let result = try body()
    _ = try connection.pipeline([
      Statement("Migrator.unlock", "select pg_advisory_unlock(\(Self.lockKey))")
    ])
    return result
  }

  func has(_ relation: String) throws -> Bool {
    try ask(
      Query(
        "Migrator.has", "select to_regclass(\(relation)) is not null",
        only: { try $0.next(Bool.self) }))
  }

  func ask<T>(_ query: Query<T>) throws -> T {
    try query.decode(connection.pipeline([Statement(query.name, query.sql)])[0])
  }
}

// MARK: - History

extension MigrationSession {
  struct Entry {
    let version: String
    let name: String
    /// Hexadecimal.
    let hash: String
    let finishedAt: String
  }

  /// The runner's two books, made together.
  ///
  /// Throws `MigrationError.beforeTheSquash` for a database of the chain that stood before them both.
  func createBooks() throws {
    guard try has("public.schema_functions") || history().isEmpty else {
      throw MigrationError.beforeTheSquash
    }
    do throws(PostgresError) {
      try connection.script("\(Self.historyTable); \(FunctionBook.table)")
    } catch {
      guard case .server(let refusal) = error, refusal.sqlState == "42501" else { throw error }
      throw MigrationError.notBootstrapped(refusal.message)
    }
  }

  /// `version` is as dbmate keeps it; the rest tells what ran, by whom and when.
  private static let historyTable =
    """
    create table if not exists public.schema_migrations (
      version text primary key,
      name text not null,
      sha256 bytea not null,
      runner_version text not null,
      role text not null,
      started_at timestamptz not null,
      finished_at timestamptz not null
    )
    """

  func history() throws -> [Entry] {
    guard try has("public.schema_migrations") else { return [] }
    return try ask(
      Query(
        "Migrator.history",
        """
        select version, name, encode(sha256, 'hex'), date_trunc('second', finished_at)::text
        from public.schema_migrations order by version collate "C"
        """,
        all: { row in
          try Entry(version: row.next(), name: row.next(), hash: row.next(), finishedAt: row.next())
        }))
  }

  func status(of files: [MigrationFile]) throws -> [Migrator.Status] {
    let history = try history()
    let hashes = try hashes(of: files)
    let newest = history.last
    var rows = zip(files, hashes).map { file, hash in
      let state: Migrator.Status.State
      if let entry = history.first(where: { $0.version == file.version }) {
        let isSame = entry.hash == hash && entry.name == file.name
        state =
          isSame
          ? .applied(at: entry.finishedAt) : .conflict(.edited(file: file.fileName))
      } else if let newest, file.version < newest.version {
        let newestFile = "\(newest.version)_\(newest.name).sql"
        state = .conflict(.outOfOrder(file: file.fileName, newestApplied: newestFile))
      } else {
        state = .pending
      }
      return Migrator.Status(version: file.version, name: file.name, state: state)
    }
    for entry in history where !files.contains(where: { $0.version == entry.version }) {
      let gone = HistoryConflict.vanished(file: "\(entry.version)_\(entry.name).sql")
      rows.append(.init(version: entry.version, name: entry.name, state: .conflict(gone)))
    }
    return rows.sorted { $0.version < $1.version }
  }

  /// `goingBack` lets a release run on a database that a newer one has been at: numbered files newer than its own, and
  /// functions with later texts.
  func conflicts(
    with folder: Migrations, in book: FunctionBook, goingBack: Bool = false
  ) throws -> [HistoryConflict] {
    let newest = folder.files.last?.version ?? ""
    let numbered = try status(of: folder.files).compactMap { row -> HistoryConflict? in
      guard case .conflict(let conflict) = row.state else { return nil }
      return goingBack && row.version > newest ? nil : conflict
    }
    let superseded =
      try goingBack
      ? [] : standings(of: folder.functions, in: book).filter { $0.standing == .superseded }
    return numbered + superseded.map { .superseded(file: $0.file.path) }
  }

  func pending(of files: [MigrationFile]) throws -> [MigrationFile] {
    let waiting = try status(of: files).filter { $0.state == .pending }.map(\.version)
    return files.filter { waiting.contains($0.version) }
  }

  /// SHA-256 of every file, computed by the server in one trip.
  private func hashes(of files: [MigrationFile]) throws -> [String] {
    try hashes(of: files.map(\.bytes))
  }

  /// The same of functions, which are asked about more than once and do not change meanwhile.
  func hashes(of files: [FunctionFile]) throws -> [String] {
    let unknown = files.filter { functionHashes[$0.path] == nil }
    for (file, hash) in zip(unknown, try hashes(of: unknown.map(\.bytes))) {
      functionHashes[file.path] = hash
    }
    return files.map { functionHashes[$0.path] ?? "" }
  }

  private func hashes(of contents: [[UInt8]]) throws -> [String] {
    let query = contents.map { bytes in
      Query(
        "Migrator.hash", "select encode(sha256(\(bytes)), 'hex')",
        only: { try $0.next(String.self) })
    }
    let answers = try connection.pipeline(query.map { Statement($0.name, $0.sql) })
    return try zip(query, answers).map { query, rows in try query.decode(rows) }
  }

  func remember(_ file: MigrationFile, startedAt: String) -> Statement {
    Statement(
      "Migrator.remember",
      """
      insert into public.schema_migrations
        (version, name, sha256, runner_version, role, started_at, finished_at)
      values (\(file.version), \(file.name), sha256(\(file.bytes)), \(runnerVersion), session_user,
              \(startedAt)::timestamptz, clock_timestamp())
      """)
  }

  func forget(_ file: MigrationFile) -> Statement {
    Statement(
      "Migrator.forget", "delete from public.schema_migrations where version = \(file.version)")
  }
}
