import Postgres
import Testing

/// A migration's text and the rules it breaks, by line.
struct LintCase: Sendable, CustomTestStringConvertible {
  let text: String
  let found: [String]

  init(_ text: String, _ found: String...) {
    self.text = text
    self.found = found
  }

  var testDescription: String { text }
}

private func lint(_ text: String) throws -> [String] {
  let file = try MigrationFile(fileName: "0002_next.sql", bytes: Array(text.utf8))
  return MigrationLint.findings(in: file).map { finding in
    "\(finding.place.split(separator: ":").last ?? "") \(finding.rule)"
  }
}

@Suite struct `The linter` {
  @Test(arguments: [
    LintCase("drop table crm.leads;", "2 drop"),
    LintCase("drop function app.enter(bytea, text, text), app.once(uuid);", "2 drop"),
    LintCase("drop index crm.leads_stage_idx;", "2 drop"),
    LintCase("alter table crm.leads drop column company;", "2 drop"),
    LintCase("alter table crm.leads drop company;", "2 drop"),
    LintCase("alter table crm.leads drop constraint leads_owner_fkey;", "2 drop"),
    LintCase("truncate table only crm.leads;", "2 truncate"),
    LintCase("alter table if exists only crm.leads rename column title to name;", "2 rename"),
    LintCase("alter table crm.leads rename to prospects;", "2 rename"),
    LintCase("alter view crm.board set schema app;", "2 rename"),
    LintCase("alter table crm.leads alter column revision type bigint;", "2 column-type"),
    LintCase("alter table crm.leads alter revision set data type bigint;", "2 column-type"),
    LintCase("create index on crm.leads (title);", "2 index"),
    LintCase("create unique index leads_title_key on only crm.leads (title);", "2 index"),
    LintCase("alter table crm.leads add constraint leads_title_key unique (title);", "2 index"),
    LintCase("alter table crm.leads add primary key (id);", "2 index"),
    LintCase(
      "alter table crm.leads add constraint f foreign key (a) references crm.a;", "2 foreign-key"),
    LintCase("alter table crm.leads add column a uuid references crm.a;", "2 foreign-key"),
    LintCase("alter table crm.leads add constraint c check (a > 0);", "2 check"),
    LintCase("alter domain app.email add constraint c check (value <> '');", "2 check"),
    LintCase("alter table crm.leads alter column company set not null;", "2 not-null"),
    LintCase("alter table crm.leads add column a int not null;", "2 not-null"),
    LintCase("alter table crm.leads add constraint n not null company;", "2 not-null"),
    LintCase(
      "alter table crm.leads add column a uuid default gen_random_uuid();", "2 volatile-default"),
    LintCase("alter table crm.leads add a bigserial;", "2 volatile-default"),
    LintCase(
      "alter table crm.leads add a text generated always as (lower(title)) stored;",
      "2 volatile-default"),
    LintCase("create table crm.new (a json);", "2 json"),
    LintCase("alter table crm.leads add a json;", "2 json"),
    LintCase(
      """
      create function f() returns int language sql begin atomic
        update crm.leads set title = case when true then 'a' else 'b' end; select 1; end;
      drop table crm.leads;
      """, "2 function", "4 drop"),
    LintCase(
      "create or replace function f() returns void language plpgsql as $$ begin delete from crm.leads; end $$;",
      "2 function"),
    LintCase("create procedure f() language sql begin atomic end;", "2 function"),
    LintCase("update crm.leads set title = '';", "2 backfill"),
    LintCase("delete from only crm.leads;", "2 backfill"),
    LintCase("with x as (select 1) update crm.leads set title = '';", "2 backfill"),
    LintCase("alter table crm.leads set unlogged;", "2 rewrite"),
    LintCase("vacuum full crm.leads;", "2 rewrite"),
    LintCase("cluster crm.leads;", "2 rewrite"),
    LintCase("lock table crm.leads;", "2 lock"),
    LintCase("reindex table crm.leads;", "2 lock"),
    LintCase("do $$ begin execute 'drop table crm.leads'; end $$;", "2 do-block"),
    LintCase("select 1; commit;", "2 session"),
    LintCase("set role postgres;", "2 session"),
    LintCase("copy crm.leads from stdin;", "2 copy"),
    LintCase("create index concurrently i on crm.leads (title);", "2 concurrently"),
    LintCase("DROP\n TABLE\n crm.leads;", "2 drop"),
    LintCase(
      "select 1;\n/* a /* nested */ ; comment */ -- and ;\n\ndrop table crm.leads;", "5 drop"),
    LintCase(
      "alter table crm.leads add a int, add b int not null, drop c;", "2 drop", "2 not-null"),
  ])
  func `finds what endangers a table in use`(_ example: LintCase) throws {
    #expect(try lint("-- migrate:up\n\(example.text)") == example.found)
  }

  @Test(arguments: [
    "create table crm.new (id uuid primary key, a int not null check (a > 0) references crm.a);",
    "create table crm.new (a int); create index on crm.new (a); alter table crm.new add b int not null;",
    "create table if not exists new (a int); update new set a = 1; truncate new; drop table new;",
    "create table \"crm\".\"new\" (a int); alter table crm.new alter a type text;",
    "alter table crm.leads add column a int;",
    "alter table crm.leads add column a int not null default 0;",
    "alter table crm.leads add column a timestamptz default now(), add b numeric(10, 2) default 0;",
    "alter table crm.leads add constraint c check (a > 0) not valid;",
    "alter table crm.leads add constraint f foreign key (a) references crm.a (id) not valid;",
    "alter table crm.leads validate constraint c;",
    "alter table crm.leads add constraint leads_key unique using index leads_idx;",
    "alter table crm.leads alter column a drop not null, alter b set default 1;",
    "insert into crm.leads values ('drop table crm.leads; it''s only text');",
    "select E'it\\'s; drop table crm.leads', $q$ drop table crm.leads; $q$, 'json';",
    "comment on table crm.leads is 'drop table';",
    "set local lock_timeout = '1s';",
    "grant select on crm.leads to closerflow_web;",
  ])
  func `lets pass what endangers nothing`(_ text: String) throws {
    #expect(try lint("-- migrate:up\n\(text)") == [])
  }

  @Test(arguments: [
    LintCase("-- lint:allow drop: nobody has used it since 1.4\ndrop table crm.old;"),
    LintCase("drop table crm.old; -- lint:allow drop: nobody has used it since 1.4"),
    LintCase("drop table /* lint:allow drop: unused */ crm.old;"),
    LintCase("-- lint:allow drop:\ndrop table crm.old;", "2 lint", "3 drop"),
    LintCase("-- lint:allow\ndrop table crm.old;", "2 lint", "3 drop"),
    LintCase("-- lint:allow everything: please\ndrop table crm.old;", "2 lint", "3 drop"),
    LintCase("-- lint:allow truncate: wrong rule\ndrop table crm.old;", "2 lint", "3 drop"),
    LintCase("-- lint:allow session: never\ncommit;", "2 lint", "3 session"),
    LintCase("-- lint:allow drop: only the first\ndrop table crm.a;\ndrop table crm.b;", "4 drop"),
    LintCase("-- lint:allow drop: nothing here\nselect 1;", "2 lint"),
  ])
  func `takes a reason for an answer, for one statement and one rule`(_ example: LintCase) throws {
    #expect(try lint("-- migrate:up\n\(example.text)") == example.found)
  }

  @Test(arguments: [
    LintCase("create index concurrently if not exists i on crm.leads (title);"),
    LintCase("create index concurrently i on crm.leads (title);", "2 rerun"),
    LintCase("drop index concurrently if exists crm.i;"),
    LintCase("select 1;\nselect 2;", "3 one-statement", "2 rerun", "3 rerun"),
    LintCase("vacuum crm.leads;"),
    LintCase("-- lint:allow rerun: sets the same value again\nalter system set x = 1;"),
  ])
  func `wants one repeatable statement outside a transaction`(_ example: LintCase) throws {
    #expect(try lint("-- migrate:up transaction:false\n\(example.text)") == example.found)
  }

  @Test func `lets the way down drop, but not commit`() throws {
    let text =
      "-- migrate:up\ncreate table crm.a (n int);\n-- migrate:down\ndrop table crm.a;\ncommit;"

    #expect(try lint(text) == ["5 session"])
  }
}

@Suite struct `A migration file` {
  @Test(arguments: [
    (
      "1_a.sql", "-- migrate:up\nselect 1",
      "1_a.sql is not named like 0001_what_it_does.sql (a-z, 0-9 and _)"
    ),
    (
      "0001_Add.sql", "-- migrate:up\nselect 1",
      "0001_Add.sql is not named like 0001_what_it_does.sql (a-z, 0-9 and _)"
    ),
    ("0001_a.sql", "select 1", "0001_a.sql:1 has a statement before -- migrate:up"),
    ("0001_a.sql", "", "0001_a.sql does not begin with -- migrate:up"),
    ("0001_a.sql", "-- migrate:down\nselect 1", "0001_a.sql:1 does not begin with -- migrate:up"),
    (
      "0001_a.sql", "-- migrate:up\n-- nothing", "0001_a.sql:1 has no statement under -- migrate:up"
    ),
    (
      "0001_a.sql", "-- migrate:up\nselect 1;\n-- migrate:up\nselect 2",
      "0001_a.sql:3 has more than one -- migrate:up or -- migrate:down"
    ),
    (
      "0001_a.sql", "-- migrate:upp\nselect 1",
      "0001_a.sql:1 says migrate:upp; known are migrate:up and :down"
    ),
    (
      "0001_a.sql", "-- migrate:up quickly\nselect 1", "0001_a.sql:1 has the unknown option quickly"
    ),
    ("0001_a.sql", "-- migrate:up\nselect\n'\u{0}'", "0001_a.sql:3 holds a NUL byte"),
  ])
  func `that is none says what is wrong`(_ name: String, _ text: String, _ sentence: String) {
    #expect { try MigrationFile(fileName: name, bytes: Array(text.utf8)) } throws: {
      "\($0)" == sentence
    }
  }

  @Test func `with bytes that are not UTF-8 is refused`() {
    let bytes = Array("-- migrate:up\nselect '".utf8) + [0xFF, 0x27]

    #expect { try MigrationFile(fileName: "0001_a.sql", bytes: bytes) } throws: {
      "\($0)" == "0001_a.sql is not UTF-8"
    }
  }

  @Test func `may have Windows line ends and a comment above`() throws {
    let text = "-- Why.\r\n\r\n-- migrate:up\r\nselect 1;\r\n-- migrate:down\r\nselect 2;\r\n"

    #expect(throws: Never.self) {
      try MigrationFile(fileName: "0001_a.sql", bytes: Array(text.utf8))
    }
  }

  @Test func `is made with the next number`() throws {
    let folder = try MigrationFolder(["0001_one.sql": "select 1;", "0041_two.sql": "select 1;"])

    let name = try Migrator.new("Add tags", in: folder.path)

    #expect(name == "0042_add_tags.sql")
    #expect(throws: MigrationError.self) { try Migrator.new("../evil", in: folder.path) }
    #expect(throws: MigrationError.self) { try Migrator.new("", in: folder.path) }
  }

  @Test func `shares its number with no other`() throws {
    let bench = try MigrationBench(["0001_a.sql": "select 1;", "0001_b.sql": "select 1;"])

    #expect(
      "\(try bench.refusal())"
        == "0001_b.sql has the same number as 0001_a.sql; give it the next one")
  }
}
