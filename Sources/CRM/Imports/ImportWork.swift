import CSV
import Postgres

/// The worker's part of an import: the dry run, the writing, the undo. Each batch is one transaction, and
/// what is done is seen by the rows themselves, so another worker goes on where one ended. The last write of a
/// step ends the job: the next step can be asked for as soon as its page offers it.
package struct ImportWork: JobWork, Sendable {
  package let kind = Job.Kind.import

  package init() {}

  package func run(
    _ job: LeasedJob, on database: Database, mayGoOn: () -> Bool
  ) throws -> JobEnd {
    let id = try job.subject(LeadImport.self)
    let (_, found) = try database.read(as: job, LeadImport.find(id))
    guard let found else { return .failed("the import is gone") }
    switch found.state {
    case .checking: return try ImportCheck(found, job, database).run(mayGoOn)
    case .committing: return try write(found, job, database, mayGoOn)
    case .undoing: return try undo(found, job, database, mayGoOn)
    case .mapping, .checked, .done, .undone: return .done  // It ran before.
    }
  }

  private static let leadsABatch = 1_000
  private static let updatesABatch = 500
  private static let changesABatch = 1_000

  /// What one batch did, and the line it ended with; nil when none was left.
  private struct Batch: Sendable {
    let written: Int
    let lastLine: Int?

    init(row: inout Row) throws {
      written = try row.next()
      lastLine = try row.next(optional: Int.self)
    }
  }

  private typealias Step = @Sendable (ID<LeadImport>, Int) -> Query<Batch>

  /// A step of the writing, which is tried with fewer rows where one of them cannot be written.
  private struct Writing: Sendable {
    /// The rows that wait for it.
    let status: String
    let rowsABatch: Int
    /// Behind a line, at most so many.
    let step: @Sendable (ID<LeadImport>, Int, Int) -> Query<Batch>
  }

  private static let updates = Writing(status: "update", rowsABatch: updatesABatch) {
    id, after, limit in
    Query(
      "LeadImport.writeUpdates",
      "select written, last_line from app.import_updates(\(id), \(after), \(limit))",
      only: Batch.init)
  }
  private static let leads = Writing(status: "new", rowsABatch: leadsABatch) { id, after, limit in
    Query(
      "LeadImport.writeLeads",
      "select written, last_line from app.import_new_leads(\(id), \(after), \(limit))",
      only: Batch.init)
  }
  private static func refused(
    _ id: ID<LeadImport>, _ after: Int, _ status: String, _ error: PostgresError
  ) -> Query<Batch> {
    Query(
      "LeadImport.refuseRow",
      """
      select written, last_line
      from app.refuse_import_row(\(id), \(after), \(status), \(error.constraint ?? error.sqlState ?? ""))
      """,
      only: Batch.init)
  }
  private static let undoneChanges: Step = { id, _ in
    Query(
      "LeadImport.undoChanges",
      "select written, last_line from app.undo_import_changes(\(id), \(changesABatch))",
      only: Batch.init)
  }
  private static let undoneLeads: Step = { id, after in
    Query(
      "LeadImport.undoLeads",
      "select written, last_line from app.undo_import_leads(\(id), \(after), \(leadsABatch))",
      only: Batch.init)
  }

  private func write(
    _ found: LeadImport, _ job: LeasedJob, _ database: Database, _ mayGoOn: () -> Bool
  ) throws -> JobEnd {
    let id = found.id
    let total = found.counts.new + found.counts.updates
    var done = try Self.done(id, as: job, on: database)
    // A lead that was deleted since the dry run is new again, a new one may be known by now: until
    // neither has any left.
    var isQuiet = false
    while !isQuiet {
      isQuiet = true
      for writing in [Self.updates, Self.leads] {
        var after = 0
        var limit = writing.rowsABatch
        while true {
          guard mayGoOn() else { return .paused }
          let batch: Batch
          do {
            batch = try self.batch(
              writing.step(id, after, limit), job, database, done: done, of: total)
            limit = min(limit * 2, writing.rowsABatch)
          } catch let error as PostgresError where error.isOfData {
            guard limit == 1 else {
              limit /= 2
              continue
            }
            batch = try self.batch(
              Self.refused(id, after, writing.status, error), job, database, done: done, of: total)
          }
          guard let last = batch.lastLine else { break }
          after = last
          done += batch.written
          isQuiet = false
        }
      }
    }
    try database.write(as: job) { tx in
      tx.run("LeadImport.finish", "select app.finish_import(\(id))")
      tx.finish(job, done: total)
    }
    return .settled
  }

  private func undo(
    _ found: LeadImport, _ job: LeasedJob, _ database: Database, _ mayGoOn: () -> Bool
  ) throws -> JobEnd {
    let id = found.id
    let total = found.counts.new + found.counts.updates
    var done = 0
    // What is put back is told of the leads it stands at: those that go are gone by then.
    for step in [Self.undoneLeads, Self.undoneChanges] {
      var after = 0
      while true {
        guard mayGoOn() else { return .paused }
        let batch = try batch(step(id, after), job, database, done: done, of: total)
        guard let last = batch.lastLine else { break }
        after = last
        done += batch.written
      }
    }
    try database.write(as: job) { tx in
      tx.run("LeadImport.finishUndo", "select app.finish_undo(\(id))")
      tx.finish(job, done: total)
    }
    return .settled
  }

  /// One transaction. A person who was captured at this very moment is found by the second try.
  private func batch(
    _ step: Query<Batch>, _ job: LeasedJob, _ database: Database, done: Int, of total: Int
  ) throws -> Batch {
    func once() throws -> Batch {
      try database.write(as: job) { tx in
        let (_, batch) = try tx.look(step)
        tx.advance(job, done: min(done + batch.written, total), of: total)
        return batch
      }
    }
    do {
      return try once()
    } catch let error as PostgresError
      where ["contacts_email_key", "contacts_phone_key"].contains(error.constraint ?? "")
    {
      return try once()
    }
  }

  private static func done(
    _ id: ID<LeadImport>, as job: LeasedJob, on database: Database
  ) throws -> Int {
    let (_, count) = try database.read(
      as: job,
      Query(
        "LeadImport.done",
        "select count(*) from lead_import_rows where import_id = \(id) and status = 'done'",
        only: { try $0.next(Int.self) }))
    return count
  }
}

extension PostgresError {
  /// What was to be kept breaks a rule or fits no column (classes 22 and 23): it would the next time too.
  var isOfData: Bool {
    guard let state = sqlState?.utf8 else { return false }
    return state.starts(with: "22".utf8) || state.starts(with: "23".utf8)
  }
}
