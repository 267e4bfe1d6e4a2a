// MARK: - How they stand

extension MigrationSession {
  func standings(
    of files: [FunctionFile], in book: FunctionBook
  ) throws -> [(file: FunctionFile, standing: FunctionBook.Standing)] {
    try zip(files, hashes(of: files)).map { file, hash in
      (file, book.standing(of: file, hash: hash))
    }
  }

  /// Those that `up` would apply.
  func stale(_ files: [FunctionFile], in book: FunctionBook) throws -> [FunctionFile] {
    try standings(of: files, in: book).filter { $0.standing != .asMade }.map(\.file)
  }

  /// What is wrong with the functions of a database that some were applied to.
  func functionFindings(
    _ folder: Migrations, in book: FunctionBook
  ) throws -> [MigrationFinding] {
    guard !book.entries.isEmpty else { return [] }
    func finding(_ place: String, _ text: String) -> MigrationFinding {
      MigrationFinding(place: place, rule: "functions", text: text)
    }
    let standings = try standings(of: folder.functions, in: book).flatMap { file, standing in
      switch standing {
      case .asMade, .superseded: [MigrationFinding]()
      case .pending: [finding(file.path, "is not applied; run migrate up")]
      case .changed(let identities):
        identities.map { identity in
          finding(
            identity,
            "is \(book.fingerprints[identity] == nil ? "missing" : "not what \(file.path) made of it"); migrate up puts it right"
          )
        }
      }
    }
    let strangers = book.strangers(to: folder.functions, numbered: folder.numberedFunctions).map {
      finding($0, "stands in the database, and no file says so; drop it in a migration")
    }
    let surpluses = book.surpluses(over: folder.functions).map {
      finding(
        $0.path, "makes fewer functions than stand in the database; drop the others in a migration")
    }
    return standings + strangers + surpluses
  }
}

// MARK: - Applying them

extension MigrationSession {
  /// Makes what the files say and `book` does not show, inside the connection's transaction, and writes it down; a file
  /// that needs what another makes is tried again behind it. Returns those that were made.
  ///
  /// Where `isLast`, one that still cannot be made is the error; before that it may need what later migrations bring.
  func make(
    _ files: [FunctionFile], of folder: Migrations, in book: FunctionBook, isLast: Bool = true,
    goingBack: Bool = false
  ) throws -> [FunctionFile] {
    var left = try stale(files, in: book)
    guard !left.isEmpty else { return [] }
    var made: [FunctionFile] = []
    let triggers = folder.triggers
    try loadLibraries()
    while !left.isEmpty {
      var failed: [FunctionFile] = []
      var firstFailure: MigrationError?
      for file in left {
        try connection.script("savepoint function_file")
        do {
          try make(file, book, keeping: triggers)
          if !goingBack { try dropLeftovers(besides: file, book) }
          try connection.script("release savepoint function_file")
          made.append(file)
        } catch let error as MigrationError where !MigrationError.isLockInTheWay(error) {
          try connection.script("rollback to savepoint function_file")
          failed.append(file)
          firstFailure = firstFailure ?? error
        }
      }
      if failed.count == left.count {
        guard isLast, let firstFailure else { break }
        throw firstFailure
      }
      left = failed
    }
    guard !made.isEmpty else { return [] }
    try connection.script(Self.takingBackForeignGrants(on: made.map(\.name)))
    let objects = try standingObjects(of: made.map(\.name))
    _ = try connection.pipeline(made.map { remember($0, made: $0.made(of: objects)) })
    return made
  }

  /// Going back they stay: programs of the newer release still call them.
  private func dropLeftovers(besides file: FunctionFile, _ book: FunctionBook) throws {
    let hash = try hashes(of: [file])[0]
    for identity in book.leftovers(besides: file, hash: hash) {
      try run("drop \(identity)", of: file.path)
    }
  }

  /// A function that sets a parameter of an extension cannot be made before its library is there.
  private func loadLibraries() throws {
    _ = try connection.pipeline([
      Statement(
        "Migrator.loadLibraries", "select extensions.show_limit(), '[1]'::extensions.vector")
    ])
  }

  /// `keeping` are the triggers of all files: one may have gone to another.
  private func make(
    _ file: FunctionFile, _ book: FunctionBook, keeping kept: Set<String>
  ) throws {
    for routine in file.routines {
      try run(routine.text, of: file.path, from: routine.line)
      let grants =
        "revoke all on \(routine.signature) from public, \(Self.loginRoles.joined(separator: ", ")) cascade"
        + (routine.callers.isEmpty
          ? ""
          : "; grant execute on \(routine.signature) to \(routine.callers.joined(separator: ", "))")
      try run(grants, of: file.path, from: routine.line)
    }
    let entry = book.entries[file.name]
    let standing = book.fingerprints
    // What PostgreSQL does not replace, neither by its like nor by a plain one.
    let constraints = Set(book.objects.filter(\.isConstraintTrigger).map(\.identity))
    for trigger in file.triggers {
      // Making a trigger locks its table: only where another stands there than this text once made.
      if let fingerprint = entry?.made[trigger.identity], fingerprint == standing[trigger.identity],
        entry?.triggers[trigger.identity] == trigger.text
      {
        continue
      }
      if trigger.isConstraint || constraints.contains(trigger.identity) {
        try run(
          "drop trigger if exists \(trigger.name) on \(trigger.table)", of: file.path,
          from: trigger.line)
      }
      try run(trigger.text, of: file.path, from: trigger.line)
    }
    for identity in (entry?.triggers ?? [:]).keys
    where !kept.contains(identity) && standing[identity] != nil {
      try run("drop \(identity)", of: file.path)
    }
  }

  private static let loginRoles = [
    "closerflow_migrate", "closerflow_web", "closerflow_sign_in", "closerflow_worker",
  ]

  /// From roles that no file can name, whoever gave them what. `names` are plain.
  private static func takingBackForeignGrants(on names: [String]) -> String {
    """
    do $$
    declare
      f record;
    begin
      for f in
        select distinct p.oid::regprocedure as routine, a.grantee::regrole as grantee
          from pg_proc p cross join lateral aclexplode(p.proacl) a
         where p.pronamespace::regnamespace::text in ('app', 'sec')
           and p.proname in (\(names.map { "'\($0)'" }.joined(separator: ", ")))
           and a.grantee not in (0, p.proowner)
           and a.grantee::regrole::text not in (\(loginRoles.map { "'\($0)'" }.joined(separator: ", ")))
      loop
        execute format('revoke all on routine %s from %s cascade', f.routine, f.grantee);
      end loop;
    end $$
    """
  }
}
