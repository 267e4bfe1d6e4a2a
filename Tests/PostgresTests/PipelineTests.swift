import Glibc
import Postgres
import Testing

private let failing: SQL = "select 1 / (select 0)"

@Suite struct `A pipeline` {
  let scratch: ScratchDatabase
  let database: Database

  init() throws {
    scratch = try ScratchDatabase()
    database = scratch.database()
    try database.script("create table marks (n int)")
    _ = database.takeTally()
  }

  private var marks: Int { get throws { try database.value("select count(*) from marks") } }

  @Test func `answers several queries in one round trip`() throws {
    let (_, one, two) = try database.read(
      as: Nobody(),
      Query("one", "select 1", only: { try $0.next(Int.self) }),
      Query("two", "select \("b")", only: { try $0.next(String.self) }))

    #expect((one, two) == (1, "b"))
    #expect(database.takeTally().roundTrips == 1)
  }

  @Test func `writes in two round trips, or in one without a look`() throws {
    try database.write(as: Nobody()) { tx in
      let (_, next) = try tx.look(Query("next", "select 7", only: { try $0.next(Int.self) }))
      tx.run("add", "insert into marks values (\(next)::int)")
    }
    #expect(database.takeTally().roundTrips == 2)

    try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (8)") }
    #expect(database.takeTally().roundTrips == 1)
    #expect(try marks == 2)
  }

  @Test func `writes nothing inside a read`() throws {
    let error = try #require(throws: PostgresError.self) {
      try database.read(as: Nobody(), Query<Void>("add", "insert into marks values (1)"))
    }

    #expect(error.sqlState == "25006")
    #expect(try marks == 0)
  }

  @Test(arguments: 0..<3)
  func `with a failing statement in its look changes nothing and leaves the connection in order`(
    _ place: Int
  ) throws {
    let backend = try database.backend
    let queries = (0..<3).map {
      Query<Void>("part", $0 == place ? failing : "insert into marks values (1)")
    }

    let error = try #require(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in
        _ = try tx.look(queries[0], queries[1], queries[2])
      }
    }

    #expect(error.sqlState == "22012")
    #expect(try marks == 0)
    #expect(try database.backend == backend)
  }

  @Test(arguments: 0..<3)
  func `with a failing statement before COMMIT changes nothing and leaves the connection in order`(
    _ place: Int
  ) throws {
    let backend = try database.backend

    let error = try #require(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in
        _ = try tx.look(Query<Void>("look", "select 1"))
        for number in 0..<3 {
          tx.run("part", number == place ? failing : "insert into marks values (1)")
        }
      }
    }

    #expect(error.sqlState == "22012")
    #expect(try marks == 0)
    #expect(try database.backend == backend)
  }

  @Test func `with text that is no SQL prepares nothing wrong`() throws {
    for _ in 0..<3 {
      #expect(throws: PostgresError.self) {
        try database.read(
          as: Nobody(), Query<Void>("good", "select 'good'"), Query<Void>("bad", "selekt"),
          Query<Void>("after", "select 'after'"))
      }
    }

    let (_, good, after) = try database.read(
      as: Nobody(), Query("good", "select 'good'", only: { try $0.next(String.self) }),
      Query("after", "select 'after'", only: { try $0.next(String.self) }))
    #expect((good, after) == ("good", "after"))
  }

  @Test func `fails at COMMIT when a deferred constraint says no`() throws {
    try database.script(
      "create table pairs (n int unique deferrable initially deferred); insert into pairs values (1)"
    )

    let error = try #require(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in tx.run("add", "insert into pairs values (1)") }
    }

    #expect(error.constraint == "pairs_n_key")
    #expect("\(error)" == "commit failed with 23505 (pairs_n_key)")
    #expect(try marks == 0)
  }

  @Test func `rolls back when the body throws`() throws {
    struct ChangedMind: Error {}

    #expect(throws: ChangedMind.self) {
      try database.write(as: Nobody()) { tx in
        _ = try tx.look(Query<Void>("add", "insert into marks values (1)"))
        throw ChangedMind()
      }
    }

    #expect(try marks == 0)
  }

  @Test func `commits nothing when the body swallows a failed look`() throws {
    #expect(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in
        tx.run("add", "insert into marks values (1)")
        do { _ = try tx.look(Query<Void>("look", failing)) } catch {}
      }
    }

    #expect(try marks == 0)
  }

  @Test func `looks once`() async {
    await #expect(processExitsWith: .failure) {
      try TestServer.database().write(as: Nobody()) { tx in
        _ = try tx.look()
        _ = try tx.look()
      }
    }
  }

  @Test func `may hold the same new statement twice`() throws {
    let (_, a, b) = try database.read(
      as: Nobody(), echo("a"), echo("b"))

    #expect((a, b) == ("a", "b"))
  }

  private func echo(_ text: String) -> Query<String> {
    Query(
      "echo", "select 'echo ' || \(text)", only: { String(try $0.next(String.self).dropFirst(5)) })
  }

  @Test func `forgets its statements before there are too many`() throws {
    for number in 0..<1_050 {
      _ = try database.call(Query<Void>("one", SQL(unchecked: "select \(number)")))
    }

    let kept: Int = try database.value("select count(*) from pg_prepared_statements")
    #expect(kept > 0 && kept < 100)
  }

  @Test func `prepares anew when a plan no longer fits the table`() throws {
    let all = Query("all", "select * from marks", all: { try $0.next(Int.self) })
    _ = try database.read(as: Nobody(), all)
    try scratch.database().script(
      "alter table marks alter n type bigint; insert into marks values (5)")

    let (_, rows) = try database.read(as: Nobody(), all)

    #expect(rows == [5])
  }

  @Test func `begins a write again elsewhere when its server no longer takes any`() throws {
    try database.script("set default_transaction_read_only = on")

    try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (1)") }

    #expect(try marks == 1)
  }

  @Test func `carries more than the sockets hold, both ways at once`() throws {
    let big = String(repeating: "x", count: 5_000_000)
    let query = Query(
      "big", "select \(big), repeat('y', 5000000)",
      only: { row in
        (try row.next(String.self).utf8.count, try row.next(String.self).utf8.count)
      })

    let (_, a, b, c) = try database.read(as: Nobody(), query, query, query)

    #expect([a.0, a.1, b.0, b.1, c.0, c.1] == Array(repeating: 5_000_000, count: 6))
  }

  @Test func `carries many small statements`() throws {
    try database.write(as: Nobody()) { tx in
      for number in 0..<5_000 { tx.run("add", "insert into marks values (\(number)::int)") }
    }

    #expect(try marks == 5_000)
  }
}

@Suite struct `A limit in time` {
  @Test func `ends a slow statement and keeps the connection`() throws {
    let database = try TestServer.database(settings: "statement_timeout=100")
    let backend = try database.backend

    let error = try #require(throws: PostgresError.self) {
      try database.read(as: Nobody(), Query<Void>("slow", "select pg_sleep(5)"))
    }

    #expect(error.sqlState == "57014")
    #expect(error.isOutage)
    #expect(try database.backend == backend)
  }

  @Test func `ends the wait for a lock`() throws {
    let holder = try TestServer.database()
    let waiting = try TestServer.database(settings: "lock_timeout=100")
    let key = Int.random(in: 1 ... .max)
    _ = try holder.call(Query<Void>("hold", "select pg_advisory_lock(\(key))"))

    let error = try #require(throws: PostgresError.self) {
      try waiting.read(as: Nobody(), Query<Void>("wait", "select pg_advisory_lock(\(key))"))
    }

    #expect(error.sqlState == "55P03")
    #expect(error.isOutage)
  }

  @Test func `refuses a server that does not exist`() {
    let database = Database("postgresql:///none?host=/nonexistent", user: "closerflow_web")

    let error = #expect(throws: PostgresError.self) { try database.backend }

    #expect(error?.isOutage == true)
  }
}

@Suite struct `Connecting` {
  @Test func `takes the command's role where the URL names none`() throws {
    let named = try Database(TestServer.url, user: "closerflow_worker", applicationName: "a test")
    let url = try TestServer.url(settings: nil) + "&user=closerflow_sign_in&application_name=other"
    let overridden = Database(url, user: "closerflow_worker", applicationName: "a test")

    #expect(try named.value("select session_user::text") == "closerflow_worker")
    #expect(try named.value("select current_setting('application_name')") == "a test")
    #expect(try overridden.value("select session_user::text") == "closerflow_sign_in")
    #expect(try overridden.value("select current_setting('application_name')") == "other")
  }

  @Test func `reads times and bytes in one format whatever the server's configuration says`() throws
  {
    let scratch = try ScratchDatabase()
    let name = try scratch.database().value("select current_database()::text", as: String.self)
    try scratch.database().script(
      "alter database \(name) set datestyle = 'German'; alter database \(name) set bytea_output = 'escape'"
    )

    let database = scratch.database()

    #expect(try database.value("select date '2026-11-21'::text") == "2026-11-21")
    #expect(try database.value("select '\\x00ff'::bytea") == [0x00, 0xFF] as [UInt8])
  }
}
