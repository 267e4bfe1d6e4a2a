import Postgres

/// Work that a page asks for and does not wait for; it acts for the person who asked.
package struct Job: Sendable {
  package let id: ID<Job>
  package let kind: Kind
  package let state: State
  package let attempts: Int
  /// How far it is; the total is nil until it is known.
  package let done: Int
  package let total: Int?
  package let lastError: String?
  package let createdAt: Timestamp

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case questions, `import`, embeddings
  }

  package enum State: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case ready, leased, done, failed, cancelled

    package var isLive: Bool { self == .ready || self == .leased }
  }
}

extension Job {
  /// The newest job of a kind about a subject.
  package static func latest<Subject>(_ kind: Kind, about subject: ID<Subject>) -> Query<Job?> {
    Query(
      "Job.latest",
      """
      select id, kind, state, attempts, done, total, last_error, created_at from jobs
      where subject_id = \(subject) and kind = \(kind) order by id desc limit 1
      """,
      one: { row in
        try Job(
          id: row.next(), kind: row.next(), state: row.next(), attempts: row.next(),
          done: row.next(), total: row.next(optional: Int.self),
          lastError: row.next(optional: String.self), createdAt: row.next())
      })
  }
}

extension Transaction {
  /// Asks for a job, once: while one of the kind about the subject is waiting or at work, nothing is added.
  package func ask<Subject>(
    _ kind: Job.Kind, about subject: ID<Subject>, _ parameters: JSON = .object([:])
  ) {
    run(
      "Job.ask",
      """
      insert into jobs (tenant_id, id, kind, subject_id, params, requested_by)
      values (app.tenant(), \(ID<Job>()), \(kind), \(subject), \(parameters), app.actor())
      on conflict (tenant_id, kind, subject_id) where state in ('ready', 'leased') do nothing
      """)
  }
}
