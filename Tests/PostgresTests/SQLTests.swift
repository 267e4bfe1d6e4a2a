import Postgres
import Testing

@Suite struct `A value in a statement` {
  let database: Database

  init() throws { database = try TestServer.database() }

  @Test(arguments: [
    "", "plain", "O'Hara", "'; drop table leads; --", #"C:\temp\"#, "$1 $2 $$", "\"quoted\"",
    "line\r\nend",
    "👩🏽‍💻 e\u{301} \u{202E}", String(repeating: "é", count: 70_000),
  ])
  func `comes back as it was`(_ text: String) throws {
    let echo: String = try database.value("select \(text)")

    #expect(Array(echo.utf8) == Array(text.utf8))
  }

  @Test func `is bound and never pasted`() throws {
    let hostile = "x' or '1'='1"

    let count: Int = try database.value(
      "select count(*) from (values ('x'), ('y')) t (name) where name = \(hostile)")

    #expect(count == 0)
  }

  @Test func `with NUL is refused before anything is sent`() throws {
    _ = database.takeTally()

    #expect { try database.value("select \("a\u{0}b")", as: String.self) } throws: {
      guard case PostgresError.nulInText = $0 else { return false }
      return true
    }
    #expect(database.takeTally().roundTrips == 0)
    #expect(try database.value("select 1", as: Int.self) == 1)
  }

  @Test func `keeps its place when fragments are joined`() throws {
    let conditions: [SQL] = ["n > \(1)", "n < \(4)", "n <> \(2)"]

    let found: Int = try database.value(
      "select n from (values (1), (2), (3), (4)) t (n) where \(SQL.joined(conditions, by: " and "))"
    )

    #expect(found == 3)
  }

  @Test func `may be NULL`() throws {
    let nothing: String? = nil

    let answer = try database.call(
      Query(
        "null", "select \(nothing)::text, \(nothing)::text is null",
        only: { row in
          (try row.next(optional: String.self), try row.next(Bool.self))
        }))

    #expect(answer.0 == nil)
    #expect(answer.1)
  }

  @Test(arguments: [0, 1, -1, .max, .min])
  func `keeps every bit of a number`(_ number: Int) throws {
    #expect(try database.value("select \(number)::bigint") == number)
  }

  @Test func `keeps every byte`() throws {
    let bytes = (0...255).map { UInt8($0) } + [0, 0, 0x5C, 0x27]

    #expect(try database.value("select \(bytes)::bytea") == bytes)
    #expect(try database.value("select \([UInt8]())::bytea") == [UInt8]())
  }

  @Test func `may be a list of texts`() throws {
    let texts = ["", "a,b", "{}", "NULL", #"back\slash"#, #"quo"te"#, " space ", "ünï👍"]

    let echo: CodeArray = try database.value("select \(SQL.TextArray(texts))::text[]")
    let second: String = try database.value("select (\(SQL.TextArray(texts))::text[])[2]")
    let none: CodeArray = try database.value("select \(SQL.TextArray([]))::text[]")

    #expect(echo.elements == texts)
    #expect(second == "a,b")
    #expect(none.elements.isEmpty)
  }
}

@Suite struct `Reading a row` {
  let database: Database

  init() throws { database = try TestServer.database() }

  @Test(arguments: [
    ("select 'x' as size", "Sizes.of: column size is malformed, Int wanted"),
    ("select null::int as size", "Sizes.of: column size is NULL, Int wanted"),
    ("select '99999999999999999999' as size", "Sizes.of: column size is malformed, Int wanted"),
    ("select 1 as size where false", "Sizes.of: 0 rows, one wanted"),
  ])
  func `says which statement and column does not fit`(_ sql: String, _ text: String) throws {
    let query = Query("Sizes.of", SQL(unchecked: sql), only: { try $0.next(Int.self) })

    #expect { try database.call(query) } throws: { "\($0)" == text }
  }

  @Test func `takes all rows in order, or the first, or none`() throws {
    let three: SQL = "select n from generate_series(1, 3) n order by n desc"
    let none: SQL = "select 1 where false"

    let (_, all, first, nothing) = try database.read(
      as: Nobody(),
      Query("all", three, all: { try $0.next(Int.self) }),
      Query("one", three, one: { try $0.next(Int.self) }),
      Query("none", none, one: { try $0.next(Int.self) }))

    #expect(all == [3, 2, 1])
    #expect(first == 3)
    #expect(nothing == nil)
  }

  @Test(arguments: ["{{a},{b}}", "{NULL}", "{a,NULL}", "plain"])
  func `refuses a list it cannot hold`(_ text: String) throws {
    #expect(throws: PostgresError.self) {
      try database.value("select \(text)::text", as: CodeArray.self)
    }
  }
}

@Suite struct `An error's text` {
  @Test func `names statement, state and constraint but no value`() throws {
    let database = try TestServer.database(user: "postgres")
    let secret = "4111-1111"

    let error = try #require(throws: PostgresError.self) {
      try database.value("select \(secret)::text::int", as: Int.self)
    }

    #expect(error.sqlState == "22P02")
    #expect("\(error)" == "value failed with 22P02")
    #expect(!String(reflecting: error).utf8.elementsEqual(secret.utf8))
    #expect(!String(reflecting: error).contains(secret))
  }

  @Test func `names the constraint that was broken`() throws {
    let scratch = try ScratchDatabase()
    let database = scratch.database()
    try database.script("create table pets (name text constraint pets_name_key unique)")

    let error = try #require(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in
        tx.run("Pet.add", "insert into pets values (\("Rex"))")
        tx.run("Pet.addTwin", "insert into pets values (\("Rex"))")
      }
    }

    #expect(error.sqlState == "23505")
    #expect(error.constraint == "pets_name_key")
    #expect("\(error)" == "Pet.addTwin failed with 23505 (pets_name_key)")
  }
}
