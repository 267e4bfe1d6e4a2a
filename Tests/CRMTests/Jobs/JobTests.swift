import CRM
import Postgres
import Synchronization
import TestSupport
import Testing

/// Jobs of the kind `embeddings` that only these tests ask for.
@Suite(.serialized) struct `A job` {
  let tenant: TestTenant
  let lead: ID<Lead>
  let worker = TestDatabase.open(as: .worker)

  init() throws {
    tenant = try TestTenant.fresh()
    lead = try #require(ID<Lead>(try tenant.lead()))
    // What an earlier test left to be tried again is not to be met instead.
    try TestDatabase.open(as: .superuser).script(
      "update crm.jobs set state = 'cancelled' where kind = 'embeddings' and state = 'ready'")
    try ask()
  }

  private func ask() throws {
    try TestDatabase.open(as: .web).write(as: tenant.sales.session) { tx in
      tx.ask(.embeddings, about: lead)
    }
  }

  private func runner(
    leaseSeconds: Int = 60, _ act: @escaping @Sendable (LeasedJob, Database) throws -> JobEnd
  ) -> JobRunner {
    JobRunner(
      database: worker, works: [Work(act: act)], owner: "test", leaseSeconds: leaseSeconds,
      hands: LeasesInHand(), mayGoOn: { true }, report: { _ in })
  }

  private struct Work: JobWork {
    let kind = Job.Kind.embeddings
    let act: @Sendable (LeasedJob, Database) throws -> JobEnd

    func run(_ job: LeasedJob, on database: Database, mayGoOn: @escaping @Sendable () -> Bool)
      throws -> JobEnd
    {
      try act(job, database)
    }
  }

  private func job() throws -> Job {
    try #require(try tenant.look(Job.latest(.embeddings, about: lead)))
  }

  @Test func `is done once, however often it is asked for`() throws {
    try ask()
    let count = Mutex(0)
    let runner = runner { _, _ in
      count.withLock { $0 += 1 }
      return .done
    }

    #expect(try runner.runNext())
    #expect(try !runner.runNext())
    #expect(count.withLock { $0 } == 1)
    #expect(try job().state == .done)
  }

  @Test func `acts in the tenant and in the name of who asked`() throws {
    let runner = runner { job, database in
      try database.write(as: job) { tx in
        tx.audit([AuditRow("tried", of: "lead", try job.subject(Lead.self))])
        tx.advance(job, done: 1, of: 2)
      }
      return .done
    }

    _ = try runner.runNext()

    let rows = try tenant.count(
      "audit_log",
      where: "action = 'tried' and actor_id = \(tenant.sales.user) and request_id like 'job/%'")
    #expect(rows == 1)
    #expect(try job().done == 1)
    #expect(try job().total == 2)
  }

  @Test func `that meets an error is tried again later, and its page is told`() throws {
    struct Broken: Error {}

    _ = try runner { _, _ in throw Broken() }.runNext()

    #expect(try job().state == .ready)
    #expect(try job().lastError?.contains("met an error") == true)
  }

  @Test func `that cannot be done fails for good`() throws {
    _ = try runner { _, _ in .failed("no such file") }.runNext()

    #expect(try job().state == .failed)
    #expect(try job().lastError == "no such file")
  }

  @Test func `ends with its last write, or not at all`() throws {
    struct Broken: Error {}
    _ = try runner { job, database in
      try database.write(as: job) { tx in
        tx.finish(job, done: 3)
        throw Broken()
      }
      return .settled
    }.runNext()
    #expect(try self.job().state == .ready)
    #expect(try self.job().done == 0)

    try tenant.change("update jobs set run_at = now() where tenant_id = app.tenant()")
    _ = try runner { job, database in
      try database.write(as: job) { tx in
        tx.finish(job, done: 3)
        tx.audit([AuditRow("tried", of: "lead", try job.subject(Lead.self))])
      }
      return .settled
    }.runNext()
    #expect(try self.job().state == .done)
    #expect(try self.job().done == 3)
    #expect(try tenant.count("audit_log", where: "action = 'tried'") == 1)
  }

  @Test func `asked for while another is ending is a new one`() throws {
    let runner = runner { job, database in
      try database.write(as: job) { tx in tx.finish(job) }
      return .settled
    }
    _ = try runner.runNext()
    try ask()

    #expect(try runner.runNext())
    #expect(try tenant.count("jobs", where: "kind = 'embeddings' and state = 'done'") == 2)
  }

  @Test func `whose worker died goes on with another, which the dead one cannot disturb`() throws {
    let dead = try #require(
      try worker.call(LeasedJob.claim([.embeddings], owner: "dead", leaseSeconds: 0)))
    _ = try Housekeeping.sweep(on: worker)

    #expect(try runner { _, _ in .done }.runNext())
    #expect(throws: PostgresError.self) {
      try worker.write(as: dead) { tx in tx.advance(dead, done: 9, of: 9) }
    }
    #expect(try job().done == 0)
  }

  @Test func `of somebody who left the tenant is not done`() throws {
    try tenant.change(
      "update memberships set disabled_at = now() where user_id = \(tenant.sales.user)")
    let entered = Mutex(false)

    _ = try runner { job, database in
      try database.write(as: job) { _ in entered.withLock { $0 = true } }
      return .done
    }.runNext()

    #expect(try job().state != .done)
  }
}
