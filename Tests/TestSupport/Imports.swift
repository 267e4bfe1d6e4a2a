import CRM
import Glibc
import Postgres
import Testing

/// What tests of imports begin with.
extension TestTenant {
  /// Uploads a file and answers with its page's path.
  package func upload(_ text: String, name: String = "leads.csv") throws -> String {
    let answer = try sales.upload("/imports", Array(text.utf8), name: name)
    return try #require(answer.place)
  }

  /// Says what the columns mean and has the dry run done; answers with the page.
  package func check(
    _ place: String, columns: [String], mode: String = "create", owner: String = "",
    source: String = ""
  ) throws -> Page {
    var fields = columns.enumerated().map { (name: "column-\($0.offset)", value: $0.element) }
    fields += [("mode", mode), ("owner", owner), ("source", source)]
    _ = try sales.post("\(place)/check", fields)
    try work(place)
    return try sales.get(place)
  }

  /// Uploads, checks and imports; answers with the place.
  package func importing(
    _ text: String, columns: [String], mode: String = "create", source: String = ""
  ) throws -> String {
    let place = try upload(text)
    _ = try check(place, columns: columns, mode: mode, source: source)
    try ask("commit", place)
    return place
  }

  /// Posts and lets the worker do it.
  package func ask(_ what: String, _ place: String) throws {
    let round = try sales.get(place).hidden("round") ?? ""
    _ = try sales.post("\(place)/\(what)", what == "commit" ? ["round": round] : [:])
    try work(place)
  }

  /// Works until the import's job is done; workers of other tests may take it.
  package func work(_ place: String, with work: any JobWork = ImportWork()) throws {
    let id = try #require(ID<LeadImport>(String(place.split(separator: "/").last ?? "")))
    let runner = Self.runner(work)
    for _ in 0..<600 {
      guard try look(Job.latest(.import, about: id))?.state.isLive == true else { return }
      if try !runner.runNext() { usleep(50_000) }
    }
    Issue.record("the import's job does not end")
  }

  /// A worker looks until there is nothing for it, whoever's import it is.
  package func takeTurns() throws {
    let runner = Self.runner(ImportWork())
    for _ in 0..<600 where try !runner.runNext() { return }
  }

  private static func runner(_ work: any JobWork) -> JobRunner {
    JobRunner(
      database: TestDatabase.shared(as: .worker), works: [work], owner: "test",
      leaseSeconds: 60, hands: LeasesInHand(), mayGoOn: { true }, report: { print($0) })
  }

  /// The writing of what was checked once has begun, and a worker of ours has it; answers with its job.
  package func begin(_ place: String) throws -> String {
    let leadImport = String(place.split(separator: "/").last ?? "")
    try TestDatabase.shared(as: .web).write(as: sales.session) { tx in
      tx.run("test", "select app.start_import(\(leadImport)::uuid, gen_random_uuid(), 1)")
    }
    let job = ID<Job>().description
    // At once in hand, so that no worker of another test takes it.
    try TestDatabase.open(as: .superuser).script(
      """
      begin; set local session_replication_role = replica;
      insert into crm.jobs (tenant_id, id, kind, subject_id, requested_by, state, attempts, lease_token, lease_owner, lease_until)
      values ('\(id)', '\(job)', 'import', '\(leadImport)', '\(sales.user)', 'leased', 1, 1, 'test', now() + interval '1 hour');
      commit;
      """)
    return job
  }

  /// The worker of that job calls a function.
  package func step(_ call: String, of job: String) throws {
    try TestDatabase.shared(as: .worker).script(
      "begin; select app.enter_job('\(id)', '\(job)', 1); select \(call); commit;")
  }

  /// It has the job no longer.
  package func leave(_ job: String, as state: Job.State) throws {
    try change("update jobs set state = \(state), lease_until = null where id = \(job)::uuid")
  }
}
