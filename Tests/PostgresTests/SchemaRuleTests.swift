import Postgres
import Testing

@Suite struct `The schema's rules` {
  @Test(arguments: [
    (
      "create table crm.a (n int);", "crm.a: has no tenant_id; fixed tables belong in app [tenancy]"
    ),
    (
      "create table crm.a (tenant_id uuid);",
      "crm.a: row level security is not enabled and forced [tenancy]"
    ),
    (
      "create table crm.a (tenant_id uuid); call app.fence('crm.a'); alter table crm.a no force row level security;",
      "crm.a: row level security is not enabled and forced [tenancy]"
    ),
    (
      """
      create table crm.a (tenant_id uuid); alter table crm.a enable row level security;
      alter table crm.a force row level security; create policy fence on crm.a using (true);
      """,
      "crm.a: has no restrictive policy \"fence\" by app.tenant() for both login roles [tenancy]"
    ),
    (
      """
      create table crm.a (tenant_id uuid); call app.fence('crm.a'); call app.make_append_only('crm.a');
      alter table crm.a enable trigger immutable;
      """,
      "crm.a: trigger immutable is not ENABLE ALWAYS [append-only]"
    ),
    (
      """
      create table crm.a (tenant_id uuid); call app.fence('crm.a'); call app.make_append_only('crm.a');
      drop trigger no_truncate on crm.a; -- lint:allow drop: a test
      """,
      "crm.a: has no trigger no_truncate that is ENABLE ALWAYS [append-only]"
    ),
    (
      """
      create table app.p (id int primary key);
      create table crm.a (tenant_id uuid, p int, constraint a_fkey foreign key (p) references app.p on delete cascade);
      call app.fence('crm.a'); call app.make_append_only('crm.a');
      """,
      "crm.a: foreign key a_fkey would change or delete append-only rows [append-only]"
    ),
    (
      "-- lint:allow function: a test\ncreate function app.f() returns int language sql return 1; grant execute on function app.f() to public;",
      "app.f(): may be executed by everybody [grants]"
    ),
    (
      "create table app.a (n int); grant select on app.a to public;",
      "app.a: is open to everybody: SELECT [grants]"
    ),
    (
      "-- lint:allow function: a test\ncreate function app.f() returns int language sql security definer return 1;",
      "app.f(): is SECURITY DEFINER without a fixed search_path ending in pg_temp [definer]"
    ),
    ("create view app.v as select 1;", "app.v: is a view without security_invoker [tenancy]"),
    (
      "create materialized view app.v as select 1;",
      "app.v: is a materialized view: row level security does not reach it [tenancy]"
    ),
  ])
  func `roll back a migration that breaks them`(_ text: String, _ sentence: String) throws {
    let bench = try MigrationBench()
    try bench.folder.writeFoundation()
    try bench.up()
    try bench.folder.write("0002_bad.sql", "-- migrate:up\n\(text)\n")

    let error = try bench.refusal()

    #expect(
      "\(error)"
        == "0002_bad.sql was rolled back, because it leaves what the rules forbid:\n\(sentence)")
    #expect(try bench.applied == ["0001"])
    #expect(try bench.migrator.verify() == [])
  }

  @Test func `notice what somebody changed by hand, and blame no file`() throws {
    let bench = try MigrationBench()
    try bench.folder.writeFoundation()
    try bench.up()
    try bench.run("create table crm.stray (tenant_id uuid)")
    try bench.folder.write("0002_fine.sql", "create table app.fine (n int);")

    let error = try bench.refusal()

    guard case .catalogue(file: nil, let findings) = error else {
      Issue.record("another error: \(error)")
      return
    }
    #expect(Set(findings.map(\.rule)) == ["tenancy", "owner"])
    #expect(try bench.applied == ["0001", "0002"])
    #expect(try bench.migrator.verify() == findings)
  }

  @Test func `let a view through that asks as its reader`() throws {
    let bench = try MigrationBench()
    try bench.folder.writeFoundation()
    try bench.folder.write(
      "0002_fine.sql", "create view app.v with (security_invoker = on) as select 1;")

    try bench.up()

    #expect(try bench.applied == ["0001", "0002"])
  }
}

@Suite struct `A migration outside a transaction` {
  let bench: MigrationBench

  init() throws {
    bench = try MigrationBench([
      "0001_one.sql":
        "create schema demo; create table demo.one (n int); insert into demo.one values (1), (1);"
    ])
    try bench.up()
  }

  private let index = """
    -- migrate:up transaction:false
    create unique index concurrently if not exists one_n_key on demo.one (n);
    -- migrate:down transaction:false
    drop index concurrently if exists demo.one_n_key;
    """

  private var isValid: Bool {
    get throws {
      try bench.scratch.database().value(
        "select indisvalid from pg_index where indexrelid = to_regclass('demo.one_n_key')")
    }
  }

  @Test func `that was cut short is cleared away and run again`() throws {
    try bench.folder.write("0002_index.sql", index)

    guard case .failed(_, 2, "23505", _) = try bench.refusal() else {
      Issue.record("another error")
      return
    }
    #expect(try !isValid)

    try bench.run("delete from demo.one where ctid = '(0,1)'")
    #expect(try bench.up() == ["0002_index.sql"])
    #expect(try isValid)
  }

  @Test func `goes down again`() throws {
    try bench.run("truncate demo.one")
    try bench.folder.write("0002_index.sql", index)
    try bench.up()

    #expect(try bench.migrator.down().file == "0002_index.sql")
    #expect(try !bench.has("demo.one_n_key"))
    #expect(try bench.applied == ["0001"])
  }
}

@Suite struct `Migrating down` {
  private func bench(down: String) throws -> MigrationBench {
    let bench = try MigrationBench([
      "0001_one.sql": "create schema demo; create table demo.one (n int);",
      "0002_two.sql": """
      -- migrate:up
      create table demo.two (n int);
      alter table demo.one add column m int;
      -- migrate:down
      \(down)
      """,
    ])
    try bench.up()
    return bench
  }

  private let down = "drop table demo.two; alter table demo.one drop column m;"

  @Test func `takes one step at a time`() throws {
    let bench = try bench(down: down)

    #expect(try bench.migrator.down().file == "0002_two.sql")

    #expect(try bench.applied == ["0001"])
    #expect(try !bench.has("demo.two"))
    #expect(
      "\(try #require(throws: MigrationError.self) { try bench.migrator.down() })"
        == "0001_one.sql has no -- migrate:down")
  }

  @Test(arguments: [
    ("insert into demo.two values (null)", "demo.two"),
    ("insert into demo.one values (1, 2)", "demo.one (m)"),
    (
      "insert into demo.two values (1); alter table demo.two enable row level security; alter table demo.two force row level security",
      "demo.two"
    ),
  ])
  func `refuses to lose what is in a table or column`(_ filling: String, _ loss: String) throws {
    let bench = try bench(down: down)
    try bench.run(filling)

    let error = try #require(throws: MigrationError.self) { try bench.migrator.down() }

    #expect("\(error)" == "taking 0002_two.sql down would lose data: \(loss)")
    #expect(try bench.has("demo.two"))
    #expect(try bench.applied == ["0001", "0002"])
    #expect(try bench.migrator.down(acceptingDataLoss: true).file == "0002_two.sql")
    #expect(try !bench.has("demo.two"))
  }

  @Test func `sees what a cascade or a block of code would drop`() throws {
    let bench = try bench(down: "do $$ begin execute 'drop schema demo cascade'; end $$;")
    try bench.run("insert into demo.one values (1)")

    let error = try #require(throws: MigrationError.self) { try bench.migrator.down() }

    #expect("\(error)" == "taking 0002_two.sql down would lose data: demo.one")
  }

  @Test func `refuses a file that changes rows itself`() throws {
    let bench = try bench(down: "delete from demo.one;\n\(down)")

    let error = try #require(throws: MigrationError.self) { try bench.migrator.down() }

    #expect("\(error)" == "taking 0002_two.sql down would lose data: the statement in line 5")
  }

  @Test func `keeps all when a statement fails`() throws {
    let bench = try bench(down: "drop table demo.two;\ndrop table demo.three;")

    let error = try #require(throws: MigrationError.self) {
      try bench.migrator.down(acceptingDataLoss: true)
    }

    #expect(
      "\(error)"
        == "0002_two.sql:6 failed and was rolled back: table \"three\" does not exist (42P01)")
    #expect(try bench.has("demo.two"))
    #expect(try bench.applied == ["0001", "0002"])
  }

  @Test func `has an end`() throws {
    let bench = try MigrationBench()

    #expect(
      "\(try #require(throws: MigrationError.self) { try bench.migrator.down() })"
        == "no migration is applied")
  }
}
