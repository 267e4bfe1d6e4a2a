import Glibc
import Postgres
import Testing

private func function(_ name: String, answers number: Int, for callers: String = "web") -> String {
  """
  -- for: \(callers)
  create or replace function app.\(name)() returns int
    language sql immutable
    set search_path = pg_catalog, pg_temp
    return \(number);
  """
}

private func triggerFunction(_ name: String) -> String {
  """
  -- for: owner
  create or replace function app.\(name)() returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
  as $$ begin return new; end $$;


  """
}

private let keepWithoutCheck =
  triggerFunction("keep_demo")
  + "create or replace trigger keep before insert on app.demo for each row execute function app.keep_demo();"

private let keep =
  keepWithoutCheck + """


    create constraint trigger checked after insert on app.demo
      deferrable initially deferred for each row execute function app.keep_demo();
    """

/// A database with the foundation, a table, and functions of a test's own.
private func bench(_ functions: KeyValuePairs<String, String> = [:]) throws -> MigrationBench {
  let bench = try MigrationBench(["0002_demo.sql": "create table app.demo (n int);"])
  try bench.folder.writeFoundation()
  for (path, text) in functions { try bench.folder.write("functions/\(path).sql", text) }
  return bench
}

extension MigrationBench {
  fileprivate func answer(_ name: String) throws -> Int {
    try scratch.database().value(SQL(unchecked: "select app.\(name)()"))
  }

  /// Of the triggers on app.demo, when each was made.
  fileprivate var triggers: [String: String] {
    get throws {
      let rows = try scratch.database().call(
        Query(
          "triggers",
          "select tgname::text, oid::text from pg_trigger where tgrelid = 'app.demo'::regclass",
          all: { row in (try row.next(String.self), try row.next(String.self)) }))
      return Dictionary(uniqueKeysWithValues: rows)
    }
  }

  fileprivate func mayCall(_ role: String, _ name: String) throws -> Bool {
    try scratch.database().value(
      "select has_function_privilege(\(role), \("app.\(name)()"), 'execute')")
  }
}

@Suite struct `Functions` {
  @Test func `are made behind the tables, and only those that changed again`() throws {
    let bench = try bench([
      "demo/one": function("one", answers: 1), "demo/two": function("two", answers: 2),
    ])
    let first = try bench.up()
    #expect(
      first.filter { $0.contains("/demo/") } == [
        "functions/demo/one.sql", "functions/demo/two.sql",
      ])
    #expect(try bench.up() == [])

    try bench.folder.write("functions/demo/two.sql", function("two", answers: 22))
    #expect(try bench.migrator.staleFunctions() == ["functions/demo/two.sql"])
    #expect(try bench.up() == ["functions/demo/two.sql"])

    #expect(try bench.answer("two") == 22)
    #expect(try bench.migrator.verify() == [])
  }

  @Test func `may need each other in any order`() throws {
    let bench = try bench([
      "demo/a": """
      -- for: web
      create or replace function app.a() returns int language sql
        set search_path = pg_catalog, pg_temp
        begin atomic select app.b(); end;
      """,
      "demo/b": """
      -- for: web
      create or replace function app.b() returns int language sql
        set search_path = pg_catalog, pg_temp
        begin atomic select app.c(); end;
      """,
      "demo/c": function("c", answers: 3),
    ])
    try bench.up()

    #expect(try bench.answer("a") == 3)
  }

  @Test func `commit with the tables they belong to, or not at all`() throws {
    let bench = try bench(["demo/keep_demo": keep])
    try bench.folder.write("0003_more.sql", "create table app.more (n int);")
    try bench.folder.write(
      "functions/demo/broken.sql", function("broken", answers: 1) + "\nselect 1 / 0;")

    #expect(
      "\(try bench.refusal())"
        == "functions/demo/broken.sql:6 is no “create or replace function”, procedure or trigger")

    try bench.folder.write(
      "functions/demo/broken.sql",
      """
      -- for: web
      create or replace function app.broken() returns int
        language sql
        return (select n from app.nowhere);
      """)

    #expect(
      "\(try bench.refusal())"
        == "functions/demo/broken.sql:4 failed and was rolled back: relation \"app.nowhere\" does not exist (42P01)"
    )
    #expect(try bench.applied == [])
    #expect(try !bench.has("app.more"))
    #expect(try !bench.has("app.demo"))
  }

  @Test func `that are called already wait for the end where a file must stand alone`() throws {
    let bench = try bench(["demo/one": function("one", answers: 1)])
    try bench.up()
    try bench.folder.write("functions/demo/one.sql", function("one", answers: 2))
    try bench.folder.write("functions/demo/two.sql", function("two", answers: 2))
    try bench.folder.write("0003_before.sql", "create table app.before (n int);")
    try bench.folder.write(
      "0004_alone.sql",
      "-- migrate:up transaction:false\ncreate unique index concurrently if not exists demo_n on app.demo (n);\n"
    )
    try bench.run("insert into app.demo values (1), (1)")

    _ = try bench.refusal()
    #expect(try bench.has("app.before"))
    #expect(try bench.answer("one") == 1)
    #expect(try bench.answer("two") == 2)

    try bench.run("truncate app.demo")
    try bench.up()
    #expect(try bench.answer("one") == 2)
    #expect(try bench.migrator.verify() == [])
  }

  @Test func `may be called by those their file names, and by nobody else`() throws {
    let bench = try bench(["demo/one": function("one", answers: 1, for: "web, worker")])
    try bench.up()
    #expect(try bench.mayCall("closerflow_web", "one"))
    #expect(try bench.mayCall("closerflow_worker", "one"))
    #expect(try !bench.mayCall("closerflow_sign_in", "one"))

    try bench.folder.write("functions/demo/one.sql", function("one", answers: 1, for: "sign_in"))
    try bench.up()

    #expect(try !bench.mayCall("closerflow_web", "one"))
    #expect(try !bench.mayCall("closerflow_worker", "one"))
    #expect(try bench.mayCall("closerflow_sign_in", "one"))
    #expect(try bench.migrator.verify() == [])
  }

  @Test func `keep two signatures of a name while two releases run`() throws {
    let bench = try bench(["demo/one": function("one", answers: 1)])
    try bench.up()
    let second = """
      -- for: worker
      create or replace function app.one(p_more int default 1 + (2), p_list text[] default array['a, b', 'c']) returns int
        language sql immutable
        set search_path = pg_catalog, pg_temp
        return p_more;
      """
    // A call without arguments would find two of them.
    let old = function("one", answers: 1)
    try bench.folder.write("functions/demo/one.sql", "\(old)\n\n\(second)")
    try bench.up()
    #expect(try bench.migrator.verify() == [])

    try bench.folder.write("functions/demo/one.sql", second)
    try bench.up()
    #expect(
      try bench.migrator.verify().map(\.description) == [
        "functions/demo/one.sql: makes fewer functions than stand in the database; drop the others in a migration [functions]"
      ])

    try bench.folder.write(
      "0003_drop.sql", "-- migrate:up\n-- lint:allow drop: a test\ndrop function app.one();\n")
    try bench.up()
    #expect(try bench.migrator.verify() == [])
  }
}

@Suite struct `Triggers of a function` {
  @Test func `stay untouched where only the function changed`() throws {
    let bench = try bench(["demo/keep_demo": keep])
    try bench.up()
    let before = try bench.triggers

    try bench.folder.write(
      "functions/demo/keep_demo.sql",
      keep.replacing("begin return new", with: "begin new.n := 7; return new"))
    let holder = bench.scratch.database()
    try holder.script("begin; insert into app.demo values (1)")
    #expect(try bench.up() == ["functions/demo/keep_demo.sql"])
    try holder.script("commit")

    #expect(try bench.triggers == before)
    #expect(before.keys.sorted() == ["checked", "keep"])
  }

  @Test(arguments: [("alpha", "beta"), ("beta", "alpha")])
  func `go to another function, and come back`(_ from: String, _ to: String) throws {
    func text(_ name: String, kind: String) -> String {
      triggerFunction(name)
        + "create \(kind) trigger keep after insert on app.demo for each row execute function app.\(name)();\n"
    }
    for kind in ["or replace", "constraint"] {
      let bench = try bench([
        "demo/\(from)": text(from, kind: kind), "demo/\(to)": triggerFunction(to),
      ])
      try bench.up()
      for (having, without) in [(to, from), (from, to)] {
        try bench.folder.write("functions/demo/\(having).sql", text(having, kind: kind))
        try bench.folder.write(
          "functions/demo/\(without).sql", triggerFunction(without))
        _ = try bench.migrator.up(goingBack: having == from)

        #expect(try bench.triggers.keys.sorted() == ["keep"])
        #expect(try bench.migrator.verify() == [])
      }
    }
  }

  @Test func `are checks of the end in one release and plain ones in another`() throws {
    let plain = keep.replacing(
      "create or replace trigger keep before", with: "create or replace trigger keep after")
    let check = plain.replacing(
      "create or replace trigger keep", with: "create constraint trigger keep")
    let bench = try bench(["demo/keep_demo": plain])
    try bench.up()
    for (text, goingBack) in [(check, false), (plain, true), (check, false)] {
      try bench.folder.write("functions/demo/keep_demo.sql", text)
      _ = try bench.migrator.up(goingBack: goingBack)
      #expect(try bench.migrator.verify() == [])
    }
  }

  @Test func `have one file each`() throws {
    let second =
      triggerFunction("other")
      + "create or replace trigger keep before insert on app.demo for each row execute function app.other();"
    let bench = try bench(["demo/keep_demo": keep, "demo/other": second])
    #expect(
      "\(try bench.refusal())"
        == "functions/demo/other.sql:7 makes trigger keep on app.demo, as functions/demo/keep_demo.sql does"
    )
  }

  @Test func `are made anew where they changed, and dropped where they are gone from the file`()
    throws
  {
    let bench = try bench(["demo/keep_demo": keep])
    try bench.up()
    let before = try bench.triggers

    try bench.folder.write(
      "functions/demo/keep_demo.sql",
      keep.replacing("after insert on", with: "after insert or update on"))
    try bench.up()
    #expect(try bench.triggers["keep"] == before["keep"])
    #expect(try bench.triggers["checked"] != before["checked"])

    try bench.folder.write("functions/demo/keep_demo.sql", keepWithoutCheck)
    try bench.up()
    #expect(try bench.triggers.keys.sorted() == ["keep"])
    #expect(try bench.migrator.verify() == [])
  }
}

@Suite struct `What somebody changed by hand` {
  @Test(arguments: [
    (
      "drop function app.one()",
      "function app.one(): is missing; migrate up puts it right [functions]"
    ),
    (
      "create or replace function app.one() returns int language sql immutable set search_path = pg_catalog, pg_temp return 5",
      "function app.one(): is not what functions/demo/one.sql made of it; migrate up puts it right [functions]"
    ),
    (
      "revoke execute on function app.one() from closerflow_web",
      "function app.one(): is not what functions/demo/one.sql made of it; migrate up puts it right [functions]"
    ),
    (
      "grant execute on function app.one() to closerflow_worker",
      "function app.one(): is not what functions/demo/one.sql made of it; migrate up puts it right [functions]"
    ),
    (
      "grant execute on function app.one() to pg_monitor with grant option",
      "function app.one(): is not what functions/demo/one.sql made of it; migrate up puts it right [functions]"
    ),
    (
      "grant execute on function app.one() to closerflow_web with grant option",
      "function app.one(): is not what functions/demo/one.sql made of it; migrate up puts it right [functions]"
    ),
    (
      "drop trigger keep on app.demo",
      "trigger keep on app.demo: is missing; migrate up puts it right [functions]"
    ),
    (
      "drop trigger checked on app.demo",
      "trigger checked on app.demo: is missing; migrate up puts it right [functions]"
    ),
    (
      "alter table app.demo disable trigger keep",
      "trigger keep on app.demo: is not what functions/demo/keep_demo.sql made of it; migrate up puts it right [functions]"
    ),
  ])
  func `is told, and put right`(_ change: String, _ sentence: String) throws {
    let bench = try bench(["demo/one": function("one", answers: 1), "demo/keep_demo": keep])
    try bench.up()
    try bench.run(change)

    #expect(try bench.migrator.verify().map(\.description) == [sentence])
    #expect(try bench.up().count == 1)

    #expect(try bench.migrator.verify() == [])
    #expect(try bench.answer("one") == 1)
    #expect(try !bench.mayCall("pg_monitor", "one"))
    #expect(try bench.triggers.count == 2)
  }

  @Test(arguments: [
    (
      "set role closerflow_owner; create function app.stray() returns int language sql return 1",
      "function app.stray()"
    ),
    (
      "create trigger stray before update on app.demo for each row execute function app.keep_demo()",
      "trigger stray on app.demo"
    ),
  ])
  func `and belongs to no file is told`(_ change: String, _ identity: String) throws {
    let bench = try bench(["demo/keep_demo": keep])
    try bench.up()
    try bench.run(change)

    #expect(
      try bench.migrator.verify().map(\.description) == [
        "\(identity): stands in the database, and no file says so; drop it in a migration [functions]"
      ])
  }

  @Test func `is told of a file that is gone until a migration drops its function`() throws {
    let bench = try bench(["demo/one": function("one", answers: 1), "demo/keep_demo": keep])
    try bench.up()
    bench.folder.remove("functions/demo/one.sql")
    #expect(
      try bench.migrator.verify().map(\.place) == ["function app.one()"])

    try bench.folder.write(
      "0003_drop.sql", "-- migrate:up\n-- lint:allow drop: a test\ndrop function app.one();\n")
    #expect(try bench.up() == ["0003_drop.sql"])
    #expect(try bench.migrator.verify() == [])
  }
}

@Suite struct `A text that a later one has replaced` {
  let bench: MigrationBench
  private let old = function("one", answers: 1)
  private let new = function("one", answers: 2)

  init() throws {
    bench = try PostgresTests.bench(["demo/one": old])
    try bench.up()
    try bench.folder.write("functions/demo/one.sql", new)
    try bench.up()
    try bench.folder.write("functions/demo/one.sql", old)
  }

  @Test func `is refused`() throws {
    #expect(
      "\(try bench.refusal())"
        == "functions/demo/one.sql is a text that a later one has replaced; run the newest release, or go back on purpose with --back"
    )
    #expect(try bench.migrator.verify().map(\.rule) == ["history"])
    #expect(try bench.answer("one") == 2)
  }

  @Test func `comes back on purpose, and the later one after it`() throws {
    #expect(try bench.migrator.up(goingBack: true).map(\.file) == ["functions/demo/one.sql"])
    #expect(try bench.answer("one") == 1)
    // The old release finds its own texts, the new one may come again.
    #expect(try bench.up() == [])
    try bench.folder.write("functions/demo/one.sql", new)
    #expect(try bench.up() == ["functions/demo/one.sql"])
    #expect(try bench.answer("one") == 2)
  }

  @Test func `comes back also beside newer migrations, which stay`() throws {
    try bench.folder.write("functions/demo/one.sql", new)
    try bench.folder.write("0003_more.sql", "create table app.more (n int);")
    try bench.up()
    bench.folder.remove("0003_more.sql")
    try bench.folder.write("functions/demo/one.sql", old)

    #expect(
      try bench.refusal().description.contains("0003_more.sql is applied but its file is gone"))
    #expect(try bench.migrator.up(goingBack: true).map(\.file) == ["functions/demo/one.sql"])
    #expect(try bench.has("app.more"))
  }

  @Test func `brings back a function that goes again when the later text comes forward`() throws {
    let second = """
      -- for: web
      create or replace function app.one(p_more int) returns int
        language sql immutable
        set search_path = pg_catalog, pg_temp
        return p_more;
      """
    let both = "\(old)\n\n\(second)"
    try bench.folder.write("functions/demo/one.sql", both)
    try bench.up()
    try bench.folder.write("functions/demo/one.sql", second)
    try bench.folder.write(
      "0003_drop.sql", "-- migrate:up\n-- lint:allow drop: a test\ndrop function app.one();\n")
    try bench.up()
    #expect(try bench.migrator.verify() == [])

    try bench.folder.write("functions/demo/one.sql", both)
    _ = try bench.migrator.up(goingBack: true)
    #expect(try bench.answer("one") == 1)

    try bench.folder.write("functions/demo/one.sql", second)
    #expect(try bench.up() == ["functions/demo/one.sql"])
    #expect(try bench.migrator.verify() == [])
    #expect(try bench.scratch.database().value("select app.one(7)") == 7)
  }

  @Test func `does not come back over a migration that was lost`() throws {
    bench.folder.remove("0002_demo.sql")
    try bench.folder.write("0003_more.sql", "create table app.more (n int);")

    #expect(throws: MigrationError.self) { try bench.migrator.up(goingBack: true) }
  }
}

@Suite struct `The file of a function` {
  private func refusal(_ text: String, room: String = "demo", name: String = "one") throws -> String
  {
    "\(try #require(throws: MigrationError.self) { try FunctionFile(room: room, name: name, bytes: Array(text.utf8)) })"
  }

  @Test(arguments: [
    ("", "functions/demo/one.sql makes no function one"),
    (
      "create or replace function app.one() returns int language sql return 1;",
      "functions/demo/one.sql:1 stands below no line “-- for: web, worker”, or below several"
    ),
    (
      "-- for: everybody\ncreate or replace function app.one() returns int language sql return 1;",
      "functions/demo/one.sql:1 is for web, worker, sign_in, or for the owner alone"
    ),
    (
      "-- for: web\ncreate or replace function app.two() returns int language sql return 1;",
      "functions/demo/one.sql:2 is not called app.one or sec.one, as its file is"
    ),
    (
      "-- for: web\ncreate or replace function public.one() returns int language sql return 1;",
      "functions/demo/one.sql:2 is not called app.one or sec.one, as its file is"
    ),
    (
      "-- for: web\ncreate function app.one() returns int language sql return 1;",
      "functions/demo/one.sql:2 is no “create or replace function”, procedure or trigger"
    ),
    (
      function("one", answers: 1) + "\ngrant execute on function app.one() to closerflow_web;",
      "functions/demo/one.sql:6 is no “create or replace function”, procedure or trigger"
    ),
    (
      function("one", answers: 1)
        + "\ncreate trigger keep before insert on app.demo for each row execute function app.one();",
      "functions/demo/one.sql:6 says no “or replace”"
    ),
    (
      function("one", answers: 1)
        + "\ncreate or replace trigger keep before insert on app.demo for each row execute function app.two();",
      "functions/demo/one.sql:6 executes another function than app.one"
    ),
    (
      function("one", answers: 1)
        + "\ncreate or replace trigger keep before insert on demo for each row execute function app.one();",
      "functions/demo/one.sql:6 does not say which schema its table is in"
    ),
  ])
  func `says what it cannot be`(_ text: String, _ sentence: String) throws {
    #expect(try refusal(text) == sentence)
  }

  @Test func `has a plain name that no other has`() throws {
    #expect(
      try refusal(function("one", answers: 1), name: "One-2")
        == "functions/demo/One-2.sql is not named like leads/find_leads.sql (a-z, 0-9 and _)")

    let bench = try bench([
      "demo/one": function("one", answers: 1), "other/one": function("one", answers: 1),
    ])
    #expect(
      "\(try bench.refusal())"
        == "functions/other/one.sql has the name of functions/demo/one.sql; a name has one file")
  }

  @Test func `can be begun by the runner`() throws {
    let bench = try bench()
    #expect(try Migrator.new("demo/fresh", in: bench.folder.path) == "functions/demo/fresh.sql")
    try bench.up()

    #expect(try bench.migrator.verify() == [])
    #expect(throws: MigrationError.self) { try Migrator.new("demo/fresh", in: bench.folder.path) }
    #expect(throws: MigrationError.self) { try Migrator.new("../x", in: bench.folder.path) }
  }

  @Test func `is no place for a numbered file's function`() throws {
    let bench = try bench()
    try bench.folder.write(
      "0003_function.sql", "create function app.one() returns int language sql return 1;")

    #expect(
      "\(try bench.refusal())".contains(
        "0003_function.sql:2: a function has a file of its own: functions/FEATURE/NAME.sql [function]"
      ))
  }
}

@Suite struct `A release with functions` {
  /// Has something done behind each statement of the runner that makes or grants something.
  private func watch(_ bench: MigrationBench, _ action: String) throws {
    try bench.run(
      """
      create schema watch; grant usage on schema watch to public;
      create sequence watch.statements; create sequence watch.fatal;
      grant all on all sequences in schema watch to public;
      create table watch.locks (mode text, relation text); grant all on watch.locks to public;
      create function watch.look() returns event_trigger language plpgsql security definer as $$
      begin \(action) end $$;
      create event trigger look on ddl_command_end execute function watch.look();
      """)
  }

  @Test func `is done once by any number of runners`() throws {
    let bench = try bench(["demo/one": function("one", answers: 1), "demo/keep_demo": keep])
    let (url, path) = (bench.scratch.url, bench.folder.path)

    let counts = concurrently(4) { _ in
      Result { try Migrator(url, directory: path, runnerVersion: "test").up().count }
    }

    let first = try counts.map { try $0.get() }.sorted()
    #expect(first.dropLast() == [0, 0, 0])
    #expect(try bench.answer("one") == 1)
    #expect(try bench.migrator.verify() == [])
  }

  @Test func `that is killed behind any statement is done whole by the next runner`() throws {
    let bench = try bench(["demo/one": function("one", answers: 1), "demo/keep_demo": keep])
    try watch(
      bench,
      """
      if nextval('watch.statements') = (select last_value from watch.fatal) then
        perform pg_terminate_backend(pg_backend_pid());
      end if;
      """)
    var kills = 0
    var steps: [String] = []
    while steps.isEmpty {
      try bench.run(
        "select setval('watch.statements', 1, false), setval('watch.fatal', \(kills + 1))")
      do {
        steps = try bench.up()
      } catch let error as PostgresError where error.isOutage {
        kills += 1
        #expect(try bench.applied == [], "after statement \(kills)")
        #expect(try !bench.has("app.demo"), "after statement \(kills)")
      }
    }

    #expect(kills > 40)
    #expect(steps.count { $0.contains("/demo/") } == 2)
    #expect(try bench.answer("one") == 1)
    #expect(try bench.migrator.verify() == [])
  }

  @Test func `of three functions locks no table`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let folder = try MigrationFolder(copying: "\(Repository.root)/migrations")
    let bench = MigrationBench(scratch: scratch, folder: folder)
    try bench.up()
    try watch(
      bench,
      """
      insert into watch.locks select l.mode, l.relation::regclass from pg_locks l join pg_class c on c.oid = l.relation
       where l.pid = pg_backend_pid() and c.relnamespace::regnamespace::text in ('app', 'sec', 'crm');
      perform nextval('watch.statements');
      """)
    for path in ["first/tenant", "drafts/keep_draft", "leads/keep_lead"] {
      let file = "functions/\(path).sql"
      let text = try Repository.text(of: "migrations/\(file)")
      try folder.write(file, text.replacing("begin\n", with: "begin\n  -- another text\n"))
    }

    #expect(try bench.up().count == 3)

    let locks: String = try scratch.database().value(
      "select coalesce(string_agg(distinct mode || ' ' || relation, ', '), '') from watch.locks where mode not in ('AccessShareLock', 'RowShareLock')"
    )
    #expect(locks == "")
    let seen: Int = try scratch.database().value("select last_value from watch.statements")
    #expect(seen >= 6)
  }
}
