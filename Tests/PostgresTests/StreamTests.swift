import Postgres
import Testing

@Suite struct `A stream` {
  let scratch: ScratchDatabase
  let database: Database

  init() throws {
    scratch = try ScratchDatabase()
    database = scratch.database()
    _ = try database.call(one)
    _ = database.takeTally()
  }

  private let one = Query("one", "select 1", only: { try $0.next(Int.self) })

  private func numbers(upTo last: Int) -> Query<[Int]> {
    Query(
      "numbers", "select g from generate_series(1, \(last)::int) g", all: { try $0.next(Int.self) })
  }

  private struct Enough: Error {}

  @Test(arguments: [0, 1, 199, 200, 201, 1_234])
  func `hands over every row in order, some hundred at a trip`(count: Int) throws {
    var seen: [Int] = []
    var most = 0

    try database.stream(
      as: Nobody(), one, choose: { _, one in numbers(upTo: one * count) },
      each: { rows in
        seen += rows
        most = max(most, rows.count)
      })

    #expect(seen == Array(1..<(count + 1)))
    #expect(most <= 200)
    #expect(database.takeTally().roundTrips == 3 + count / 200)
  }

  @Test func `that somebody has enough of leaves the connection in order`() throws {
    let backend = try database.backend

    #expect(throws: Enough.self) {
      try database.stream(
        as: Nobody(), choose: { _ in numbers(upTo: 1_000) }, each: { _ in throw Enough() })
    }
    #expect(throws: Enough.self) {
      try database.stream(
        as: Nobody(), choose: { _ -> Query<[Int]> in throw Enough() }, each: { _ in })
    }

    #expect(try database.backend == backend)
    try database.script("create table after (n int)")
  }

  @Test func `of other rows than the one before is read as well`() throws {
    let words = Query(
      "words", "select 'a', g from generate_series(1, 3) g",
      all: { row in "\(try row.next(String.self))\(try row.next(Int.self))" })
    var seen: [String] = []
    try database.stream(as: Nobody(), choose: { _ in numbers(upTo: 3) }, each: { _ in })

    try database.stream(as: Nobody(), choose: { _ in words }, each: { seen += $0 })

    #expect(seen == ["a1", "a2", "a3"])
  }

  @Test func `that fails half-way says so, once, and nothing is handed over twice`() throws {
    let failing = Query(
      "failing", "select 1000 / (500 - g) from generate_series(1, 1000) g",
      all: { try $0.next(Int.self) })
    var count = 0

    let error = #expect(throws: PostgresError.self) {
      try database.stream(as: Nobody(), choose: { _ in failing }, each: { count += $0.count })
    }

    #expect(error?.sqlState == "22012")
    #expect(count == 400)
    #expect(try database.read(as: Nobody(), one).1 == 1)
  }

  @Test func `whose connection is lost half-way is not begun again`() throws {
    var count = 0

    #expect(throws: PostgresError.self) {
      try database.stream(
        as: Nobody(), choose: { _ in numbers(upTo: 1_000) },
        each: { rows in
          count += rows.count
          try scratch.database().script(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
          )
        })
    }

    #expect(count == 200)
    #expect(try database.read(as: Nobody(), one).1 == 1)
  }

  @Test func `changes nothing`() throws {
    try database.script("create table marks (n int)")
    let writing = Query(
      "writing", "insert into marks values (1) returning n", all: { try $0.next(Int.self) })

    #expect(throws: PostgresError.self) {
      try database.stream(as: Nobody(), choose: { _ in writing }, each: { _ in })
    }
  }
}

@Suite struct `A series of statements in a write` {
  let scratch: ScratchDatabase
  let database: Database

  init() throws {
    scratch = try ScratchDatabase()
    database = scratch.database()
    try database.script("create table marks (n int, place int generated always as identity)")
  }

  private struct Stop: Error {}

  @Test func `goes in its place among the others, each in a trip of its own`() throws {
    _ = database.takeTally()
    try database.write(as: Nobody()) { tx in
      tx.run("first", "insert into marks values (1)")
      tx.run("series") { send in for n in 2...4 { try send("insert into marks values (\(n))") } }
      tx.run("last", "insert into marks values (5)")
    }

    #expect(database.takeTally().roundTrips == 4)
    let seen = try database.value(
      "select string_agg(n::text, ' ' order by place) from marks", as: String.self)
    #expect(seen == "1 2 3 4 5")
  }

  @Test func `that breaks off takes everything back`() throws {
    #expect(throws: Stop.self) {
      try database.write(as: Nobody()) { tx in
        tx.run("first", "insert into marks values (1)")
        tx.run("series") { send in
          try send("insert into marks values (2)")
          throw Stop()
        }
      }
    }

    #expect(try database.value("select count(*) from marks", as: Int.self) == 0)
  }
}
