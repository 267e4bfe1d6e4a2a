import Postgres

/// A job this worker has leased: the way into its tenant, as the person who asked.
package struct LeasedJob: Entry, Lease {
  package let tenant: ID<Tenant>
  package let id: ID<Job>
  package let token: Int
  package let attempt: Int
  package let kind: Job.Kind
  /// What it is about, in the canonical text of an id.
  let subjectText: String
  /// The JSON that was asked with.
  package let parameters: String

  package var enter: Query<Void> {
    Query("LeasedJob.enter", "select app.enter_job(\(tenant), \(id), \(token))")
  }

  package func subject<Subject>(_ type: Subject.Type = Subject.self) throws -> ID<Subject> {
    guard let id = ID<Subject>(subjectText) else { throw NotFound() }
    return id
  }

  /// Leases the job that is due next, fair over the tenants; nil when there is none.
  package static func claim(_ kinds: [Job.Kind], owner: String, leaseSeconds: Int) -> Query<
    LeasedJob?
  > {
    Query(
      "LeasedJob.claim",
      """
      select tenant_id, id, lease_token, attempts, kind, subject_id::text, params::text
      from app.claim_job(\(SQL.TextArray(kinds.map(\.rawValue))), \(owner), make_interval(secs => \(leaseSeconds)))
      """,
      one: { row in
        try LeasedJob(
          tenant: row.next(), id: row.next(), token: row.next(), attempt: row.next(),
          kind: row.next(), subjectText: row.next(), parameters: row.next())
      })
  }

  package static func renew(_ held: [LeasedJob], owner: String, leaseSeconds: Int) -> Query<Void> {
    Query(
      "LeasedJob.renew",
      """
      select app.renew_jobs(
        \(owner), \(SQL.ids(held.map(\.id))),
        \(SQL.TextArray(held.map { String($0.token) }))::bigint[], make_interval(secs => \(leaseSeconds)))
      """)
  }

  /// Jobs of workers that are gone go on with another; how many those were.
  static let sweep = Query<Int>(
    "LeasedJob.sweep", "select app.sweep_jobs()", only: { try $0.next() })
}

extension Transaction<LeasedJob> {
  /// Says how far the job is, in the transaction of the work itself.
  package func advance(_ job: LeasedJob, done: Int, of total: Int?) {
    run("LeasedJob.advance", job.settlement("leased", done: done, total: total, error: nil))
  }

  /// Ends the job with its last write, whole or not at all. Whoever asks for it again meanwhile waits for
  /// that, and gets a new one.
  package func finish(_ job: LeasedJob, done: Int? = nil, failure: String? = nil) {
    run(
      "LeasedJob.finish",
      job.settlement(
        failure == nil ? "done" : "failed", done: done, total: done, error: failure, isFinal: true))
  }
}

extension LeasedJob {
  enum Settlement: String, SQLValue {
    case done, failed
    /// Given back, for another worker to go on.
    case ready
  }

  func settle(_ as: Settlement, error: String? = nil, isFinal: Bool = false) -> Query<Void> {
    Query(
      "LeasedJob.settle",
      settlement(`as`.rawValue, done: nil, total: nil, error: error, isFinal: isFinal))
  }

  fileprivate func settlement(
    _ state: String, done: Int?, total: Int?, error: String?, isFinal: Bool = false
  ) -> SQL {
    """
    select app.settle_job(\(tenant), \(id), \(token), \(state), \(done), \(total), \(error), \(isFinal))
    """
  }
}
