import Glibc
import Postgres
import Testing

private let three: KeyValuePairs = [
  "0001_one.sql": "create schema demo; create table demo.one (n int);",
  "0002_two.sql": "create table demo.two (n int);",
  "0003_three.sql": "create table demo.three (n int);",
]

@Suite struct `Migrating up` {
  @Test func `applies every file once, in order`() throws {
    let bench = try MigrationBench(three)

    #expect(try bench.migrator.status().map(\.state) == [.pending, .pending, .pending])
    #expect(try bench.up() == ["0001_one.sql", "0002_two.sql", "0003_three.sql"])
    #expect(try bench.up() == [])

    #expect(try bench.applied == ["0001", "0002", "0003"])
    #expect(try bench.migrator.verify() == [])
    #expect(bench.reports.count == 3)
  }

  @Test func `begins every file as if it were the first`() throws {
    let bench = try MigrationBench([
      "0001_one.sql":
        "create schema demo; set search_path = pg_catalog; set lock_timeout = '7s';",
      "0002_two.sql":
        "create table demo.two as select current_setting('search_path') || current_setting('lock_timeout') as said;",
    ])
    bench.limits.lockTimeoutMilliseconds = 4_000
    try bench.up()

    #expect(
      try bench.scratch.database().value("select said from demo.two")
        == "crm, app, sec, extensions4s")
  }

  @Test func `checks at a file's end what a commit would check`() throws {
    let bench = try MigrationBench([
      "0001_one.sql": """
      create schema demo;
      create table demo.parent (id int primary key);
      create table demo.child (id int references demo.parent deferrable initially deferred);
      """,
      "0002_two.sql": "insert into demo.child values (1);",
      "0003_three.sql": "alter table demo.child add column m int;",
    ])
    #expect("\(try bench.refusal())".utf8.starts(with: "0002_two.sql failed".utf8))

    try bench.folder.write(
      "0002_two.sql", "insert into demo.child values (1); insert into demo.parent values (1);")
    #expect(try bench.up().count == 3)
  }

  @Test func `remembers bytes, runner, role and times`() throws {
    let bench = try MigrationBench(["0001_one.sql": "create schema demo;"])
    try bench.up()

    let row: String = try bench.scratch.database().value(
      """
      select concat_ws(' ', version, name, encode(sha256, 'hex')
                       = encode(sha256(\(Array("-- migrate:up\ncreate schema demo;\n".utf8))), 'hex'),
                       runner_version, role, started_at <= finished_at)
      from public.schema_migrations
      """)

    #expect(row == "0001 one t test closerflow_migrate t")
  }

  @Test func `makes the owner own what it makes`() throws {
    let bench = try MigrationBench(three)
    try bench.up()

    #expect(
      try bench.scratch.database().value(
        "select tableowner::text from pg_tables where tablename = 'one'")
        == "closerflow_owner")
  }

  @Test(arguments: [2, 8])
  func `is done once by any number of runners`(_ runners: Int) throws {
    let bench = try MigrationBench(three)
    let (url, path) = (bench.scratch.url, bench.folder.path)

    let counts = concurrently(runners) { _ in
      Result { try Migrator(url, directory: path, runnerVersion: "test").up().count }
    }

    #expect(
      try counts.map { try $0.get() }.sorted() == Array(repeating: 0, count: runners - 1) + [3])
  }

  @Test func `gives up when another runner does not end`() throws {
    let bench = try MigrationBench(three)
    let other = bench.scratch.database(user: "closerflow_migrate")
    _ = try other.call(Query<Void>("lock", "select pg_advisory_lock(\(0x636C_6F73_6572_666C))"))
    bench.limits.runnerWaitSeconds = 1

    #expect("\(try bench.refusal())" == "another migration is running; gave up after 1 s")
  }

  @Test func `tells whoever forgot the bootstrap`() throws {
    let scratch = try ScratchDatabase()
    let folder = try MigrationFolder(three)

    let error = #expect(throws: MigrationError.self) {
      try Migrator(scratch.url, directory: folder.path, runnerVersion: "test").up()
    }

    #expect(error?.description.contains("run deploy/postgres/bootstrap.sql") == true)
  }
}

@Suite struct `A history that does not fit` {
  let bench: MigrationBench

  init() throws {
    bench = try MigrationBench(three)
    try bench.up()
  }

  @Test func `is refused when an applied file was edited`() throws {
    try bench.folder.write("0002_two.sql", "create table demo.two (n int); -- really")

    #expect(
      "\(try bench.refusal())"
        == "0002_two.sql was changed after it was applied; restore it and put the change into a new migration"
    )
    #expect(try bench.migrator.verify().map(\.rule) == ["history"])
  }

  @Test func `is refused when an applied file is gone`() throws {
    bench.folder.remove("0002_two.sql")

    #expect(
      "\(try bench.refusal())"
        == "0002_two.sql is applied but its file is gone; restore it, run the release that has it, or, in an older one, go back on purpose with --back"
    )
    #expect(try bench.migrator.status().count == 3)
  }

  @Test func `is refused when a new file comes before an applied one`() throws {
    try bench.run("delete from schema_migrations where version = '0002'")

    #expect(
      "\(try bench.refusal())"
        == "0002_two.sql comes before 0003_three.sql, which is applied; give it the next number")
  }

  @Test func `is refused by down as well`() throws {
    try bench.folder.write("0001_one.sql", "create schema demo2;")

    #expect(throws: MigrationError.self) { try bench.migrator.down() }
  }
}

@Suite struct `A migration that fails` {
  @Test func `rolls back all that was pending and names the line`() throws {
    let bench = try MigrationBench([
      "0001_one.sql": "create schema demo;",
      "0002_two.sql": """
      -- migrate:up
      create table demo.two (n int);
      insert into demo.two values (1);

      create table demo.tree (n integr);
      """,
      "0003_three.sql": "create table demo.three (n int);",
    ])

    let error = try bench.refusal()

    #expect(
      "\(error)"
        == "0002_two.sql:5 failed and was rolled back: type \"integr\" does not exist (42704)")
    #expect(try bench.applied == [])
    #expect(try !bench.has("demo.two"))
    #expect(try !bench.has("demo.three"))
  }

  @Test func `names the statement where the server names no place`() throws {
    let bench = try MigrationBench([
      "0001_one.sql": """
      -- migrate:up
      create schema demo; create table demo.one (n int unique);
      insert into demo.one values (1);
      -- lint:allow function: a test
      create function demo.f() returns int language sql begin atomic; select 1; select 2; end;

      insert into demo.one values (1);
      """
    ])

    guard case .failed(_, let line, let state, _) = try bench.refusal() else {
      Issue.record("another error")
      return
    }
    #expect(line == 7)
    #expect(state == "23505")
  }

  @Test(arguments: 0...3)
  func `because its backend was ended runs again from the start`(_ place: Int) throws {
    var statements = [
      "create table demo.a (n int);", "create table demo.b (n int);",
      "create table demo.c (n int);",
    ]
    let whole = statements.joined(separator: "\n")
    statements.insert("select public.hang_up();", at: place)
    let bench = try MigrationBench([
      "0001_one.sql": "create schema demo;", "0002_two.sql": statements.joined(separator: "\n"),
    ])

    try bench.run(
      """
      create function public.hang_up() returns boolean language sql security definer
        set search_path = pg_catalog, pg_temp
        return pg_terminate_backend(pg_backend_pid())
      """)

    let error = #expect(throws: PostgresError.self) { try bench.up() }
    #expect(error?.isOutage == true)
    #expect(try bench.applied == [])
    #expect(try !bench.has("demo.a"))

    try bench.folder.write("0002_two.sql", whole)
    #expect(try bench.up() == ["0001_one.sql", "0002_two.sql"])
  }

  @Test(arguments: 0...3)
  func `because its runner was killed runs again from the start`(_ place: Int) async throws {
    var statements = [
      "create table demo.a (n int);", "create table demo.b (n int);",
      "create table demo.c (n int);",
    ]
    statements.insert("select pg_advisory_lock(991);", at: place)
    let bench = try MigrationBench([
      "0001_one.sql": "create schema demo;", "0002_two.sql": statements.joined(separator: "\n"),
    ])
    let gate = bench.scratch.database()
    _ = try gate.call(Query<Void>("close", "select pg_advisory_lock(991)"))
    let (url, path) = (bench.scratch.url, bench.folder.path)

    await #expect(processExitsWith: .signal(SIGKILL)) {
      [url = url as String, path = path as String] in
      _ = concurrently(2) { runOrKillYourself(url, path, isRunner: $0 == 0) }
    }

    #expect(try bench.applied == [])
    _ = try gate.call(Query<Void>("open", "select pg_advisory_unlock(991)"))
    #expect(try bench.up() == ["0001_one.sql", "0002_two.sql"])
    #expect(try bench.has("demo.c"))
  }
}

/// One of two threads migrates; the other waits until it stands at the gate and kills both.
private func runOrKillYourself(_ url: String, _ path: String, isRunner: Bool) {
  do {
    if isRunner {
      _ = try Migrator(url, directory: path, runnerVersion: "test").up()
    } else {
      let watcher = Database(url, user: "postgres")
      while try !watcher.value(
        """
        select exists (select from pg_locks where locktype = 'advisory' and objid = 991 and not granted
          and database = (select oid from pg_database where datname = current_database()))
        """,
        as: Bool.self)
      {
        usleep(10_000)
      }
      kill(getpid(), SIGKILL)
    }
  } catch {
    Issue.record(error)
  }
}

@Suite struct `A lock in the way` {
  let bench: MigrationBench
  let holder: Database

  init() throws {
    bench = try MigrationBench([
      "0001_one.sql": "create schema demo; create table demo.one (n int);"
    ])
    try bench.up()
    try bench.folder.write("0002_two.sql", "alter table demo.one add column m int;")
    bench.limits.lockTimeoutMilliseconds = 100
    bench.limits.pauseMillisecondsMax = 100
    holder = bench.scratch.database()
    try holder.script("begin; lock table demo.one in access share mode")
  }

  @Test func `of an idle transaction is waited for, again and again, and then told`() throws {
    bench.limits.attemptsMax = 3

    let error = try bench.refusal()

    #expect(
      "\(error)".contains(
        "0002_two.sql:2 failed and was rolled back: canceling statement due to lock timeout"))
    #expect(bench.reports.count { $0.contains("waits for a lock") } == 2)
    #expect(try bench.applied == ["0001"])
  }

  @Test func `is waited for as often by what an earlier try left`() throws {
    bench.limits.attemptsMax = 4
    try bench.folder.write(
      "0002_two.sql",
      "-- migrate:up transaction:false\ncreate index concurrently if not exists one_n on demo.one (n);\n"
    )
    try holder.script("insert into demo.one values (1)")

    #expect("\(try bench.refusal())".contains("canceling statement due to lock timeout"))
    #expect(bench.reports.count { $0.utf8.starts(with: "0002_two.sql waits for a lock".utf8) } == 3)

    try holder.script("rollback")
    #expect(try bench.up() == ["0002_two.sql"])
  }

  @Test func `that goes away in time does not matter`() throws {
    let url = bench.scratch.url
    let path = bench.folder.path
    let limits = bench.limits
    let backend = try holder.backend

    let outcomes = concurrently(2) { number in
      Result {
        if number == 0 {
          return try Migrator(url, directory: path, runnerVersion: "test", limits: limits).up()
            .count
        }
        usleep(400_000)
        try terminate(backend)
        return 0
      }
    }

    #expect(try outcomes.map { try $0.get() }.sorted() == [0, 1])
  }
}
