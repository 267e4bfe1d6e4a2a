import Postgres
import Testing

/// The chain of nineteen migrations was squashed once. Its normal form stays here for one release.
@Suite struct `The squash` {
  private func fixture(_ name: String) throws -> [String] {
    try Repository.text(of: "\(NormalForm.folder)/\(name)").split(separator: "\n").map(String.init)
  }

  /// A database with all migrations.
  private func migrated() throws -> ScratchDatabase {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    _ = try Migrator(
      scratch.url, directory: "\(Repository.root)/migrations", runnerVersion: "test"
    ).up()
    return scratch
  }

  /// Those of the changes that the normal form does not show.
  private func unseen(_ changes: [String]) throws -> [String] {
    let scratch = try migrated()
    let database = scratch.database()
    let name: String = try database.value("select current_database()::text")
    let before = try NormalForm.lines(of: database)
    return try changes.filter { change in
      let parts = change.split(separator: "DATABASE", omittingEmptySubsequences: false)
      try database.script("begin")
      try database.script(parts.joined(separator: name))
      let after = try NormalForm.lines(of: database)
      try database.script("rollback")
      return NormalForm.differences(before, after).isEmpty
    }
  }

  /// The fixture was written by PostgreSQL 18; others name what NOT NULL makes differently.
  @Test func `changed nothing but what is written down with its reason`() throws {
    let scratch = try migrated()
    let major: Int = try scratch.database().value(
      "select current_setting('server_version_num')::int / 10000")
    guard major == 18 else { return }

    let differences = NormalForm.differences(
      try fixture("before_the_squash.txt"), try NormalForm.lines(of: scratch.database()))
    let listed = try fixture("since_the_squash.txt").filter { !$0.hasPrefix("#") }
      .map { $0.split(separator: " → ").map(String.init) }
    func isOf(_ line: String, _ start: String) -> Bool {
      if start.hasPrefix("everything of ") { return line.contains(" \(start.dropFirst(14))") }
      return line.hasPrefix(start) || line.hasPrefix("grant \(start)")
    }
    let unexplained = differences.filter { line in !listed.contains { isOf(line, $0[0]) } }
    let stale = listed.map { $0[0] }.filter { start in !differences.contains { isOf($0, start) } }

    #expect(listed.allSatisfy { $0.count == 2 })
    #expect(unexplained == [])
    #expect(stale == [], "no longer different: take it off the list")
  }

  private static let differences = [
    "grant delete on crm.leads to closerflow_web",
    "revoke execute on function app.emit(uuid, text, int, text, uuid, text, jsonb) from closerflow_worker",
    "grant select on crm.leads to closerflow_worker with grant option",
    "grant update (priority_tier) on crm.leads to closerflow_web",
    "delete from app.role_permissions where role = 'sales' and permission = 'write_leads'",
    "alter table crm.notes alter column body type text collate \"POSIX\"",
    "alter table crm.leads alter column description set storage external",
    "alter table crm.leads alter column description set compression pglz",
    "alter table crm.leads alter column stage set statistics 500",
    "alter table crm.leads alter column stage set default 'discovery'",
    "alter table crm.leads alter column company set not null",
    "alter table crm.leads set (fillfactor = 80)",
    "alter table crm.leads disable trigger keep",
    "alter table crm.leads no force row level security",
    "drop trigger stage_recorded on crm.leads",
    "drop policy fence on crm.leads; create policy fence on crm.leads as permissive to closerflow_web, closerflow_worker using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()))",
    "alter policy mine on crm.notifications using (true)",
    "alter table crm.leads drop constraint leads_merged_is_gone; alter table crm.leads add constraint leads_merged_is_gone check (merged_into is null or deleted_at is not null) not valid",
    "drop index crm.leads_due_idx; create index leads_due_idx on crm.leads (tenant_id, next_followup_at)",
    "alter domain app.phone set default '+1'",
    "alter domain app.email drop constraint email_check",
    "comment on table crm.leads is 'who may buy'",
    "alter function app.may(text) volatile",
    "alter function app.may(text) reset search_path",
    "alter function app.may(text) security invoker",
    "create or replace function app.touch() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$ begin new.updated_at := now() + interval '1 s'; return new; end $$",
    "create function app.touch(int) returns int language sql return 1",
    "alter role closerflow_web in database DATABASE set statement_timeout = '50s'",
    "alter sequence crm.operation_changes_seq_seq increment by 2",
    "create rule keep as on delete to crm.notes do instead nothing",
  ]

  @Test func `would have shown any of these differences`() throws {
    #expect(try unseen(Self.differences) == [])
  }

  private static let sameness = [
    "create or replace function app.touch() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$\n  -- why it's there\nbegin\n\n  new.updated_at := now();  return new;\nend $$",
    "alter table crm.notes add column passing int; alter table crm.notes drop column passing",
    "revoke select on crm.notes from closerflow_web, closerflow_worker; grant select on crm.notes to closerflow_worker; grant select on crm.notes to closerflow_web",
  ]

  @Test func `takes for equal what behaves the same`() throws {
    #expect(try unseen(Self.sameness) == Self.sameness)
  }

  @Test func `refuses a database of the old chain and says what to do`() throws {
    let bench = try MigrationBench(["0001_one.sql": "create schema demo;"])
    try bench.up()
    try bench.run("drop table public.schema_functions")

    #expect("\(try bench.refusal())".contains("--reset"))
    #expect(try !bench.has("public.schema_functions"))
  }
}
