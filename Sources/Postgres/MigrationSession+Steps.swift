import Glibc

// MARK: - Up

extension MigrationSession {
  func apply(_ file: MigrationFile) throws -> Migrator.Step {
    let began = millisecondsNow()
    try repeatedWhileLocked(file) {
      try prepare()
      let startedAt = try ask(
        Query(
          "Migrator.clock", "select clock_timestamp()::text", only: { try $0.next(String.self) }))
      if file.up.isTransactional {
        try inTransaction {
          try checkingCatalogue(of: file) { try run(file.up, of: file) }
          return remember(file, startedAt: startedAt)
        }
      } else {
        try dropInvalidIndexes(madeBy: file.up)
        try checkingCatalogue(of: file) { try run(file.up, of: file) }
        _ = try connection.pipeline([remember(file, startedAt: startedAt)])
      }
    }
    let step = Migrator.Step(file: file.fileName, milliseconds: millisecondsNow() - began)
    report("\(file.fileName) applied in \(step.milliseconds) ms")
    return step
  }

  /// Commits with the statement that `body` returns, or rolls back and throws.
  private func inTransaction(_ body: () throws -> Statement) throws {
    try connection.script("begin")
    do {
      let last = try body()
      _ = try connection.pipeline([last, .commit])
    } catch {
      // Without a connection there is nothing to roll back; the first error is the one to tell.
      if connection.isUsable, connection.isInTransaction { try connection.script("rollback") }
      throw error
    }
  }

  /// Blames `file` only for what it brought.
  private func checkingCatalogue(of file: MigrationFile, _ body: () throws -> Void) throws {
    let before = try Set(MigrationCatalogue.findings(on: connection))
    try body()
    let new = try MigrationCatalogue.findings(on: connection).filter { !before.contains($0) }
    guard new.isEmpty else { throw MigrationError.catalogue(file: file.fileName, new) }
  }

  /// A lock held by somebody else ends the whole file's transaction; then everybody gets a turn.
  private func repeatedWhileLocked(_ file: MigrationFile, _ body: () throws -> Void) throws {
    for attempt in 1... {
      do {
        return try body()
      } catch MigrationError.failed(_, _, let state, _)
        where (state == "55P03" || state == "40P01") && attempt < limits.attemptsMax
      {
        let pause = Int.random(in: limits.pauseMillisecondsMax / 4...limits.pauseMillisecondsMax)
        report("\(file.fileName) waits for a lock; try \(attempt + 1) in \(pause) ms")
        usleep(UInt32(pause) * 1_000)
      }
    }
  }

  private func run(_ section: MigrationFile.Section, of file: MigrationFile) throws {
    var completed = 0
    do throws(PostgresError) {
      try connection.script(section.text, completed: &completed)
    } catch {
      guard case .server(let error) = error else { throw error }
      let statements = SQLStatement.all(in: section.text)
      let line = error.line ?? (completed < statements.count ? statements[completed].line : nil)
      throw MigrationError.failed(
        file: file.fileName, line: line.map { section.firstLine + $0 - 1 },
        sqlState: error.sqlState, error.message)
    }
  }

  /// CREATE INDEX CONCURRENTLY that was cut short leaves an index that is not valid, and
  /// IF NOT EXISTS would be content with it.
  private func dropInvalidIndexes(madeBy section: MigrationFile.Section) throws {
    for statement in SQLStatement.all(in: section.text) {
      var words = Words(statement.tokens)
      guard words.has("index", "concurrently"), let index = words.createdName() else { continue }
      while let word = words.next(), word != "on" {}
      _ = words.skip("only")
      guard let table = words.name() else { continue }
      let leftovers = try ask(
        Query(
          "Migrator.invalidIndexes",
          """
          select i.indexrelid::regclass::text
          from pg_index i join pg_class c on c.oid = i.indexrelid
          where i.indrelid = to_regclass(\(table)) and c.relname = \(index) and not i.indisvalid
          """, all: { try $0.next(String.self) }))
      for leftover in leftovers {
        report("dropping \(leftover), which an earlier try left invalid")
        try connection.script("drop index concurrently if exists \(leftover)")
      }
    }
  }
}

// MARK: - Down

extension MigrationSession {
  func takeDown(_ file: MigrationFile, acceptingDataLoss: Bool) throws -> Migrator.Step {
    guard let down = file.down, !SQLStatement.all(in: down.text).isEmpty else {
      throw MigrationError.noWayDown(file: file.fileName)
    }
    let dangers = MigrationLint.findings(in: file).filter { !$0.isAllowable }
    guard dangers.isEmpty else { throw MigrationError.dangerous(dangers) }
    let began = millisecondsNow()
    try repeatedWhileLocked(file) {
      try prepare()
      if down.isTransactional {
        try inTransaction {
          if !acceptingDataLoss { try refuseLoss(by: down, of: file) }
          try run(down, of: file)
          return forget(file)
        }
      } else {
        if !acceptingDataLoss { try refuseRowChanges(by: down, of: file) }
        try run(down, of: file)
        _ = try connection.pipeline([forget(file)])
      }
    }
    let step = Migrator.Step(file: file.fileName, milliseconds: millisecondsNow() - began)
    report("\(file.fileName) taken down in \(step.milliseconds) ms")
    return step
  }

  /// Tries the file, looks which tables and columns are gone, takes it back, and looks whether they
  /// hold anything: so it does not matter how the file drops them.
  private func refuseLoss(by down: MigrationFile.Section, of file: MigrationFile) throws {
    try refuseRowChanges(by: down, of: file)
    let before = try columns()
    try connection.script("savepoint trial")
    try run(down, of: file)
    let after = try Set(columns())
    try connection.script("rollback to savepoint trial")

    let gone = before.filter { !after.contains($0) }
    let tablesLeft = Set(after.map(\.table))
    for table in Set(gone.map(\.table)).sorted() {
      let isWholeTable = !tablesLeft.contains(table)
      let columns = gone.filter { $0.table == table }.map(\.column)
      // Locked until the end, so that nothing is added between looking and dropping.
      try connection.script("lock table \(table) in access exclusive mode; savepoint look")
      // A forced row security would hide rows from the owner too.
      try connection.script("alter table \(table) no force row level security")
      let condition = columns.map { "\($0) is not null" }.joined(separator: " or ")
      let holds = try ask(
        Query(
          "Migrator.holds",
          SQL(
            unchecked: "select exists (select from \(table)"
              + (isWholeTable ? ")" : " where \(condition))")), only: { try $0.next(Bool.self) }))
      try connection.script("rollback to savepoint look")
      guard !holds else {
        let what = isWholeTable ? table : "\(table) (\(columns.joined(separator: ", ")))"
        throw MigrationError.dataLoss(file: file.fileName, [what])
      }
    }
  }

  private func refuseRowChanges(by down: MigrationFile.Section, of file: MigrationFile) throws {
    let changes = SQLStatement.all(in: down.text).filter { statement in
      ["delete", "truncate", "update", "merge", "with"].contains(Words(statement.tokens).peek)
    }
    guard changes.isEmpty else {
      let lines = changes.map { "the statement in line \(down.firstLine + $0.line - 1)" }
      throw MigrationError.dataLoss(file: file.fileName, lines)
    }
  }

  private struct Column: Hashable {
    let table: String
    let column: String
  }

  private func columns() throws -> [Column] {
    try ask(
      Query(
        "Migrator.columns",
        """
        select quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(a.attname)
        from pg_attribute a
        join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
          and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
        order by 1, a.attnum
        """,
        all: { row in try Column(table: row.next(), column: row.next()) }))
  }
}

extension MigrationFinding {
  fileprivate var isAllowable: Bool { MigrationRule(rawValue: rule)?.mayBeAllowed ?? true }
}
