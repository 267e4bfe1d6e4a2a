import Postgres

@testable import CRM

extension TestTenant {
  /// Does the question jobs that wait in this tenant, and no other's: a worker that takes what comes
  /// would answer other tests' jobs with this one's model.
  package func work(_ gateway: AIGateway = AIGateway(Playbook())) throws {
    let work = DiscoveryWork(gateway)
    let database = TestDatabase.shared(as: .worker)
    while let job = try leaseQuestionJob() {
      switch try work.run(job, on: database, mayGoOn: { true }) {
      case .done: try database.call(job.settle(.done))
      case .settled: break
      case .paused: try database.call(job.settle(.ready))
      case .failed(let reason):
        try database.call(job.settle(.failed, error: reason, isFinal: true))
      }
    }
  }

  package func leaseQuestionJob() throws -> LeasedJob? {
    let database = TestDatabase.shared(as: .migrate)
    var leased: LeasedJob?
    try database.write(as: Operator(for: id)) { tx in
      let (_, job) = try tx.look(
        Query(
          "TestTenant.lease",
          """
          update jobs set state = 'leased', attempts = attempts + 1, lease_token = lease_token + 1,
                          lease_owner = 'test', lease_until = now() + interval '1 minute'
          where tenant_id = app.tenant() and id = (
            select id from jobs where tenant_id = app.tenant() and kind = 'questions' and state = 'ready'
            order by id limit 1)
          returning tenant_id, id, lease_token, attempts, kind, subject_id::text, params::text
          """,
          one: { row in
            try LeasedJob(
              tenant: row.next(), id: row.next(), token: row.next(), attempt: row.next(),
              kind: row.next(), subjectText: row.next(), parameters: row.next())
          }))
      leased = job
    }
    return leased
  }
}
