import Postgres

/// The worker's part of an import: the dry run, the writing, the undo. Each batch is one transaction, and
/// what is done is seen by the rows themselves, so another worker goes on where one ended. The last write of a
/// step ends the job: the next step can be asked for as soon as its page offers it.
package struct ImportWork: JobWork, Sendable {
  package let kind = Job.Kind.import

  package init() {}

  package func run(
    _ job: LeasedJob, on database: Database, mayGoOn: @escaping @Sendable () -> Bool
  ) throws -> JobEnd {
    let id = try job.subject(LeadImport.self)
    let (_, found) = try database.read(as: job, LeadImport.find(id))
    guard let found else { return .failed("the import is gone") }
    do {
      switch found.state {
      case .checking: return try ImportCheck(found, job, database).run(mayGoOn)
      case .committing: try write(found, job, database, mayGoOn)
      case .undoing: try undo(found, job, database, mayGoOn)
      case .mapping, .checked, .done, .undone: return .done  // It ran before.
      }
    } catch is ImportProgress.Paused {
      return .paused
    }
    return .settled
  }

  private func write(
    _ found: LeadImport, _ job: LeasedJob, _ database: Database,
    _ mayGoOn: @escaping @Sendable () -> Bool
  ) throws {
    let id = found.id
    let total = found.counts.new + found.counts.updates
    let (_, done) = try database.read(as: job, Self.done(id))
    let progress = ImportProgress(job, done: done, of: total, mayGoOn)
    try ImportWriting(id: id, progress: progress).run(on: database)
    try database.write(as: job) { tx in
      tx.run("LeadImport.finish", "select app.finish_import(\(id))")
      tx.finish(job, done: total)
    }
  }

  private func undo(
    _ found: LeadImport, _ job: LeasedJob, _ database: Database,
    _ mayGoOn: @escaping @Sendable () -> Bool
  ) throws {
    let id = found.id
    let total = found.counts.new + found.counts.updates
    let progress = ImportProgress(job, done: 0, of: total, mayGoOn)
    // What is put back is told of the leads it stands at: those that go are gone by then.
    for step in [Self.undoneLeads, Self.undoneChanges] {
      var after: Int? = 0
      while let line = after {
        after = try progress.step(step(id, line), on: database).lastLine
      }
    }
    try database.write(as: job) { tx in
      tx.run("LeadImport.finishUndo", "select app.finish_undo(\(id))")
      tx.finish(job, done: total)
    }
  }

  private static let rowsABatch = 1_000

  private static func undoneChanges(_ id: ID<LeadImport>, _: Int) -> Query<ImportBatch> {
    Query(
      "LeadImport.undoChanges",
      "select written, last_line from app.undo_import_changes(\(id), \(rowsABatch))",
      only: ImportBatch.init)
  }

  private static func undoneLeads(_ id: ID<LeadImport>, _ after: Int) -> Query<ImportBatch> {
    Query(
      "LeadImport.undoLeads",
      "select written, last_line from app.undo_import_leads(\(id), \(after), \(rowsABatch))",
      only: ImportBatch.init)
  }

  private static func done(_ id: ID<LeadImport>) -> Query<Int> {
    Query(
      "LeadImport.done",
      "select count(*) from lead_import_rows where import_id = \(id) and status = 'done'",
      only: { try $0.next() })
  }
}
