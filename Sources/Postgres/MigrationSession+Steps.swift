import Glibc

// MARK: - Up

extension MigrationSession {
  /// Applies what is pending, and the functions that do not stand as their files say.
  func apply(
    _ pending: [MigrationFile], of folder: Migrations, in book: FunctionBook, goingBack: Bool
  ) throws -> [Migrator.Step] {
    guard try !pending.isEmpty || !stale(folder.functions, in: book).isEmpty else { return [] }
    let batches = Migrations.batches(of: pending)
    return try batches.enumerated().flatMap { number, batch in
      let steps = try repeatedWhileLocked {
        try prepare()
        if let file = batch.first, !file.up.isTransactional { return [try applyAlone(file)] }
        return try apply(
          batch, of: folder, in: pending.isEmpty ? book : nil, isLast: number == batches.count - 1,
          goingBack: goingBack)
      }
      tell(steps)
      return steps
    }
  }

  /// A release changes a few functions; the first one makes them all.
  private func tell(_ steps: [Migrator.Step]) {
    let functions = steps.filter { $0.file.utf8.starts(with: "\(FunctionFile.folder)/".utf8) }
    let isMany = functions.count > 10
    for step in isMany ? Array(steps.dropLast(functions.count)) : steps {
      report("\(step.file) applied in \(step.milliseconds) ms")
    }
    if isMany {
      report("\(functions.count) functions applied in \(functions[0].milliseconds) ms")
    }
  }

  /// In one transaction: tables are never there without the triggers of their functions.
  private func apply(
    _ batch: [MigrationFile], of folder: Migrations, in book: FunctionBook?, isLast: Bool,
    goingBack: Bool
  ) throws -> [Migrator.Step] {
    try inTransaction {
      let (called, steps) = try applyNumbered(batch, of: folder)
      let began = millisecondsNow()
      let made = try checkingCatalogue(of: nil) {
        try prepare()
        let book = try book ?? functionBook()
        // What programs call already waits for everything that its new text may need.
        let later = folder.laterFunctions.filter { isLast || book.entries[$0.name] == nil }
        return try called + make(folder.firstFunctions, of: folder, in: book, goingBack: goingBack)
          + make(later, of: folder, in: book, isLast: isLast, goingBack: goingBack)
      }
      let milliseconds = millisecondsNow() - began
      return steps + made.map { Migrator.Step(file: $0.path, milliseconds: milliseconds) }
    }
  }

  /// What the files call or hang on their tables is made behind the very first, which makes the schemas for it.
  private func applyNumbered(
    _ batch: [MigrationFile], of folder: Migrations
  ) throws -> (functions: [FunctionFile], steps: [Migrator.Step]) {
    var functions: [FunctionFile] = []
    var steps: [Migrator.Step] = []
    for file in batch {
      if file.version != folder.files.first?.version, steps.count < 2 {
        functions += try checkingCatalogue(of: nil) {
          try make(folder.firstFunctions, of: folder, in: functionBook())
        }
      }
      try prepare()
      let began = millisecondsNow()
      let startedAt = try clock()
      try checkingCatalogue(of: file) {
        try run(file.up, of: file)
        try settleConstraints(of: file)
      }
      _ = try connection.pipeline([remember(file, startedAt: startedAt)])
      steps.append(Migrator.Step(file: file.fileName, milliseconds: millisecondsNow() - began))
    }
    return (functions, steps)
  }

  /// As a commit between two files would, which also lets the next one alter the table.
  private func settleConstraints(of file: MigrationFile) throws {
    try run("set constraints all immediate; set constraints all deferred", of: file.fileName)
  }

  private func applyAlone(_ file: MigrationFile) throws -> Migrator.Step {
    let began = millisecondsNow()
    let startedAt = try clock()
    try dropInvalidIndexes(madeBy: file)
    try checkingCatalogue(of: file) { try run(file.up, of: file) }
    _ = try connection.pipeline([remember(file, startedAt: startedAt)])
    return Migrator.Step(file: file.fileName, milliseconds: millisecondsNow() - began)
  }

  private func clock() throws -> String {
    try ask(
      Query(
        "Migrator.clock", "select clock_timestamp()::text", only: { try $0.next(String.self) }))
  }

  /// Commits, or rolls back and throws.
  func inTransaction<Result>(_ body: () throws -> Result) throws -> Result {
    try connection.script("begin")
    do {
      let result = try body()
      _ = try connection.pipeline([.commit])
      return result
    } catch {
      lastFindings = nil
      // Without a connection there is nothing to roll back; the first error is the one to tell.
      if connection.isUsable, connection.isInTransaction { try connection.script("rollback") }
      throw error
    }
  }

  /// What the catalogue's rules find, as asked behind the last change of this session.
  func catalogueFindings() throws -> [MigrationFinding] {
    if let lastFindings { return lastFindings }
    let findings = try MigrationCatalogue.findings(on: connection)
    lastFindings = findings
    return findings
  }

  /// Blames `file`, or the functions, only for what it brought.
  private func checkingCatalogue<Result>(
    of file: MigrationFile?, _ body: () throws -> Result
  ) throws -> Result {
    let before = try Set(catalogueFindings())
    lastFindings = nil
    let result = try body()
    let new = try catalogueFindings().filter { !before.contains($0) }
    guard new.isEmpty else {
      throw MigrationError.catalogue(file: file?.fileName ?? "\(FunctionFile.folder)/", new)
    }
    return result
  }

  /// A lock held by somebody else ends the whole transaction; then everybody gets a turn.
  func repeatedWhileLocked<Result>(_ body: () throws -> Result) throws -> Result {
    var attempt = 1
    while true {
      do {
        return try body()
      } catch  where MigrationError.isLockInTheWay(error) && attempt < limits.attemptsMax {
        attempt += 1
        let file = (error as? MigrationError)?.file
        let pause = Int.random(in: limits.pauseMillisecondsMax / 4...limits.pauseMillisecondsMax)
        report("\(file ?? "the migration") waits for a lock; try \(attempt) in \(pause) ms")
        usleep(UInt32(pause) * 1_000)
      }
    }
  }

  /// On behalf of the file, on whose `line` the text begins.
  func run(_ text: String, of file: String, from line: Int? = nil) throws {
    do throws(PostgresError) {
      try connection.script(text)
    } catch {
      guard case .server(let error) = error else { throw error }
      throw MigrationError.failed(
        file: file, line: line.map { $0 + (error.line ?? 1) - 1 }, sqlState: error.sqlState,
        error.message)
    }
  }

  func run(_ section: MigrationFile.Section, of file: MigrationFile) throws {
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
  private func dropInvalidIndexes(madeBy file: MigrationFile) throws {
    for statement in SQLStatement.all(in: file.up.text) {
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
        try run("drop index concurrently if exists \(leftover)", of: file.fileName)
      }
    }
  }
}
