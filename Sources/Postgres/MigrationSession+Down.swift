import Glibc

extension MigrationSession {
  /// Functions go down with it and are made again behind it: for developers. One whose table is gone ends it.
  func takeDown(
    _ file: MigrationFile, of folder: Migrations, acceptingDataLoss: Bool
  ) throws -> Migrator.Step {
    guard let down = file.down, !SQLStatement.all(in: down.text).isEmpty else {
      throw MigrationError.noWayDown(file: file.fileName)
    }
    let dangers = MigrationLint.findings(in: file).filter { !$0.isAllowable }
    guard dangers.isEmpty else { throw MigrationError.dangerous(dangers) }
    let began = millisecondsNow()
    try repeatedWhileLocked {
      try prepare()
      if down.isTransactional {
        try inTransaction {
          try dropFunctions(but: folder.firstFunctions, for: file)
          if !acceptingDataLoss { try refuseLoss(by: down, of: file) }
          try run(down, of: file)
          _ = try connection.pipeline([forget(file)])
          _ = try make(folder.laterFunctions, of: folder, in: functionBook())
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

  /// Those that runners made, and the triggers that execute them.
  private func dropFunctions(but kept: [FunctionFile], for file: MigrationFile) throws {
    let book = try functionBook()
    let names = Set(book.entries.keys).subtracting(kept.map(\.name))
    let routines = book.objects.filter { names.contains($0.name) && !$0.isTrigger }
      .compactMap { $0.identity.split(separator: " ", maxSplits: 1).last }
    guard !routines.isEmpty else { return }
    try run("drop routine \(routines.joined(separator: ", ")) cascade", of: file.fileName)
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
      try run("lock table \(table) in access exclusive mode; savepoint look", of: file.fileName)
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
