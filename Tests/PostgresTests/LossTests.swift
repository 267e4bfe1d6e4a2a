import Glibc
import Postgres
import Testing

private let one = Query("one", "select 1", only: { try $0.next(Int.self) })

@Suite struct `A connection that is lost` {
  let scratch: ScratchDatabase
  let database: Database

  init() throws {
    scratch = try ScratchDatabase()
    database = scratch.database()
    try database.script("create table marks (n int)")
  }

  private var marks: Int {
    get throws { try scratch.database().value("select count(*) from marks") }
  }

  /// Ends the backend `first`, so that a second try on another one goes through.
  private func end(_ first: Int) -> Query<Void> {
    Query("end", "select pg_terminate_backend(pid) from pg_stat_activity where pid = \(first)::int")
  }

  @Test func `between uses is opened again without anybody noticing`() throws {
    try terminate(database.backend)
    #expect(try database.read(as: Nobody(), one).1 == 1)

    try terminate(database.backend)
    try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (1)") }

    try terminate(database.backend)
    #expect(try database.call(one) == 1)
    #expect(try marks == 1)
  }

  @Test func `in the middle of a read is opened again and the read repeated`() throws {
    let first = try database.backend

    let (_, _, answer) = try database.read(as: Nobody(), end(first), one)

    #expect(answer == 1)
    #expect(try database.backend != first)
  }

  @Test func `again on the second try is told`() throws {
    _ = try database.backend

    let error = #expect(throws: PostgresError.self) {
      try database.read(
        as: Nobody(), Query<Void>("end", "select pg_terminate_backend(pg_backend_pid())"))
    }

    #expect(error?.isOutage == true)
    #expect(try database.call(one) == 1)
  }

  @Test func `in the look of a write lets the write begin again`() throws {
    let first = try database.backend

    try database.write(as: Nobody()) { tx in
      _ = try tx.look(end(first))
      tx.run("add", "insert into marks values (1)")
    }

    #expect(try marks == 1)
  }

  @Test func `between the two trips of a write lets the write begin again`() throws {
    let first = try database.backend

    try database.write(as: Nobody()) { tx in
      let (_, backend) = try tx.look(
        Query("pid", "select pg_backend_pid()", only: { try $0.next(Int.self) }))
      if backend == first { try terminate(first) }
      tx.run("add", "insert into marks values (1)")
    }

    #expect(try marks == 1)
  }

  @Test func `on the way to COMMIT is an unknown outcome and not tried again`() throws {
    _ = try database.backend
    var tries = 0

    let error = #expect(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in
        tries += 1
        tx.run("add", "insert into marks values (1)")
        tx.run("end", "select pg_terminate_backend(pg_backend_pid())")
      }
    }

    #expect(isUnknown(error))
    #expect(tries == 1)
    #expect(try marks == 0)
  }

  @Test func `inside COMMIT is an unknown outcome`() throws {
    try database.script(
      """
      create function hang_up() returns trigger language plpgsql as $$
      begin perform pg_terminate_backend(pg_backend_pid()), pg_sleep(5); return null; end $$;
      create constraint trigger hang_up after insert on marks deferrable initially deferred
        for each row execute function hang_up()
      """)

    let error = #expect(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (1)") }
    }

    #expect(isUnknown(error))
    #expect(try marks == 0)
  }

  @Test func `in a single statement is an unknown outcome`() throws {
    _ = try database.backend

    let error = #expect(throws: PostgresError.self) {
      try database.call(Query<Void>("end", "select pg_terminate_backend(pg_backend_pid())"))
    }

    #expect(isUnknown(error))
  }
}

@Suite(.serialized) struct `A server in trouble` {
  private let server: PrivateServer
  private let database: Database

  init() throws {
    server = try PrivateServer()
    database = server.database(limits: .init(connect: 300, answer: 300))
    try database.script("create table if not exists marks (n int); truncate marks")
  }

  @Test(arguments: ["fast", "immediate"])
  func `is away while it restarts and back by itself`(_ mode: String) throws {
    try server.stop(mode: mode)

    let start = ContinuousClock.now
    let error = #expect(throws: PostgresError.self) { try database.read(as: Nobody(), one) }
    let waited = ContinuousClock.now - start
    try server.start()

    #expect(error?.isOutage == true)
    #expect(waited < .seconds(10))
    #expect(try database.read(as: Nobody(), one).1 == 1)
  }

  @Test func `that restarted between uses is not noticed, even by a write of one trip`() throws {
    #expect(try database.call(one) == 1)
    try server.stop(mode: "fast")
    try server.start()

    try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (1)") }

    #expect(try database.value("select count(*) from marks", as: Int.self) == 1)
  }

  @Test func `that stands still is given up within the limit, and used again afterwards`() throws {
    let backend = pid_t(try database.backend)
    kill(backend, SIGSTOP)
    let start = ContinuousClock.now

    let error = #expect(throws: PostgresError.self) { try database.read(as: Nobody(), one) }

    let waited = ContinuousClock.now - start
    kill(backend, SIGCONT)
    #expect(isUnavailable(error))
    #expect(waited >= .milliseconds(290) && waited < .seconds(10))
    #expect(try database.read(as: Nobody(), one).1 == 1)
    #expect(try database.backend != Int(backend))
  }

  @Test func `that stands still in a write leaves the outcome unknown`() throws {
    let backend = pid_t(try database.backend)
    kill(backend, SIGSTOP)

    let error = #expect(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (1)") }
    }

    kill(backend, SIGCONT)
    #expect(isUnknown(error))
  }

  @Test func `that accepts and says nothing is given up within the limit`() throws {
    let postmaster = try server.postmaster
    kill(postmaster, SIGSTOP)
    let start = ContinuousClock.now

    let error = #expect(throws: PostgresError.self) {
      try server.database(limits: .init(connect: 300)).call(one)
    }

    let waited = ContinuousClock.now - start
    kill(postmaster, SIGCONT)
    #expect(isUnavailable(error))
    #expect(waited >= .milliseconds(290) && waited < .seconds(10))
    #expect(try server.database().call(one) == 1)
  }

  @Test func `that committed but could not say so leaves the outcome unknown`() throws {
    // The commit is durable, then waits for a standby that does not exist.
    let admin = server.database()
    try admin.script("alter system set synchronous_standby_names = 'nobody'")
    try admin.script("select pg_reload_conf()")
    usleep(300_000)

    let error = #expect(throws: PostgresError.self) {
      try database.write(as: Nobody()) { tx in tx.run("add", "insert into marks values (1)") }
    }
    try admin.script("alter system reset synchronous_standby_names")
    try admin.script("select pg_reload_conf()")

    #expect(isUnknown(error))
    // Visible once the server has read its configuration and stopped waiting.
    let deadline = ContinuousClock.now + .seconds(5)
    while try admin.value("select count(*) from marks", as: Int.self) == 0 {
      try #require(ContinuousClock.now < deadline)
      usleep(10_000)
    }
  }
}

private func isUnknown(_ error: PostgresError?) -> Bool {
  guard case .outcomeUnknown = error else { return false }
  return true
}

private func isUnavailable(_ error: PostgresError?) -> Bool {
  guard case .unavailable = error else { return false }
  return true
}
