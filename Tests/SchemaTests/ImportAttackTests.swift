import CRM
import Glibc
import Postgres
import TestSupport
import Testing

/// The functions of the import step outside row security: each names the tenant itself, and the states of
/// an import are theirs.
@Suite struct `Attacks on an import` {
  private let own: TestTenant
  private let victim: TestTenant
  private let ownImport: String
  private let victimImport: String

  init() throws {
    own = try TestTenant.fresh()
    victim = try TestTenant.fresh()
    ownImport = try Self.checked(own)
    victimImport = try Self.checked(victim)
  }

  private static func checked(_ tenant: TestTenant) throws -> String {
    let place = try tenant.upload("title,email\nA,a@example.com\n")
    _ = try tenant.check(place, columns: ["title", "email"])
    return String(place.split(separator: "/").last ?? "")
  }

  @Test func `from another tenant find nothing`() throws {
    let lease = try lease()
    let before = try victim.look(Self.census)

    for call in Self.calls(victimImport) {
      #expect(throws: PostgresError.self) {
        try TestDatabase.open(as: .worker).write(as: lease) { tx in _ = try tx.look(call) }
      }
    }
    try TestDatabase.open(as: .worker).write(as: lease) { tx in
      tx.run("attack", "select app.finish_check(\(victimImport)::uuid)")
      tx.run("attack", "select app.drop_import_rows(\(victimImport)::uuid)")
    }
    #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
        tx.run("attack", "select app.start_import(\(victimImport)::uuid, gen_random_uuid(), 1)")
      }
    }

    #expect(try victim.look(Self.census) == before)
  }

  @Test func `without a ticket find nothing`() throws {
    for call in Self.calls(victimImport) {
      #expect(throws: PostgresError.self) { try TestDatabase.open(as: .worker).call(call) }
    }
  }

  @Test(arguments: ["committing", "done", "undoing", "undone", "checked"])
  func `do not move it past what it waits for`(state: String) throws {
    let place = try own.upload("title\nA\n")
    let fresh = String(place.split(separator: "/").last ?? "")

    #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
        tx.run(
          "attack",
          "update lead_imports set state = \(state), mapping = '{title}', mode = 'create' where id = \(fresh)::uuid"
        )
      }
    }
  }

  @Test func `do not change the plan after it was checked`() throws {
    #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
        tx.run("attack", "update lead_imports set mode = 'update' where id = \(ownImport)::uuid")
      }
    }
  }

  @Test func `do not write another dry run than was seen`() throws {
    #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
        tx.run("attack", "select app.start_import(\(ownImport)::uuid, gen_random_uuid(), 2)")
      }
    }
  }

  @Test func `do not make leads without their histories by saying that they are written`() throws {
    let error = #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
        tx.run("attack", "select set_config('app.copies', 'written', true)")
        tx.run(
          "attack",
          "insert into leads (tenant_id, id, title) values (app.tenant(), gen_random_uuid(), 'X')")
      }
    }
    #expect(error?.constraint == "leads_stage_recorded")
    #expect(try own.count("leads") == 0)
  }

  /// A job of the own tenant, in hand; workers of other tests may be quicker, then another is asked for.
  private func lease() throws -> LeasedJob {
    let worker = TestDatabase.open(as: .worker)
    for _ in 0..<200 {
      try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
        tx.run(
          "attack",
          """
          insert into jobs (tenant_id, id, kind, subject_id, requested_by)
          values (app.tenant(), \(ID<Job>()), 'import', \(ownImport)::uuid, app.actor())
          on conflict (tenant_id, kind, subject_id) where state in ('ready', 'leased') do nothing
          """)
      }
      while let job = try worker.call(LeasedJob.claim([.import], owner: "attack", leaseSeconds: 60))
      {
        if job.tenant == own.id { return job }
        // Another test's: given back.
        try worker.call(
          Query<Void>(
            "giveBack",
            "select app.settle_job(\(job.tenant), \(job.id), \(job.token), 'ready', null, null, null, false)"
          ))
      }
      usleep(50_000)
    }
    struct NoJob: Error {}
    throw NoJob()
  }

  private static func calls(_ id: String) -> [Query<Void>] {
    [
      Query("attack", "select app.judge_import(\(id)::uuid, 1, 10)"),
      Query("attack", "select app.write_import_leads(\(id)::uuid, 1, 10)"),
      Query("attack", "select app.refuse_import_line(\(id)::uuid, 2, 'x')"),
      Query("attack", "select app.import_updates(\(id)::uuid, 0, 10)"),
      Query("attack", "select app.refuse_import_row(\(id)::uuid, 0, 'new', 'x')"),
      Query("attack", "select app.finish_import(\(id)::uuid)"),
      Query("attack", "select app.undo_import_changes(\(id)::uuid, 10)"),
      Query("attack", "select app.undo_import_leads(\(id)::uuid, 0, 10)"),
      Query("attack", "select app.finish_undo(\(id)::uuid)"),
    ]
  }

  private static let census = Query<[String]>(
    "census",
    """
    select to_jsonb(i)::text from lead_imports i where tenant_id = app.tenant()
    union all select to_jsonb(r)::text from lead_import_rows r where tenant_id = app.tenant()
    union all select to_jsonb(l)::text from leads l where tenant_id = app.tenant() order by 1
    """, all: { try $0.next(String.self) })
}
