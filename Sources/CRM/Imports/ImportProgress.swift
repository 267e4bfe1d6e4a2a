import Postgres
import Synchronization

/// What one batch did, and the line it ended with; nil when none was left.
struct ImportBatch: Sendable {
  let written: Int
  let lastLine: Int?

  init(row: inout Row) throws {
    written = try row.next()
    lastLine = try row.next(optional: Int.self)
  }
}

/// How far an import's job is; the connections that write it tell it together.
final class ImportProgress: Sendable {
  let job: LeasedJob
  private let total: Int
  private let done: Mutex<Int>
  private let mayGoOn: @Sendable () -> Bool

  /// The worker was asked to stop.
  struct Paused: Error {}

  init(_ job: LeasedJob, done: Int, of total: Int, _ mayGoOn: @escaping @Sendable () -> Bool) {
    self.job = job
    self.total = total
    self.done = Mutex(done)
    self.mayGoOn = mayGoOn
  }

  /// Does a batch in one transaction, or throws `Paused`. A person who was captured at this very moment is
  /// found by the second try.
  func step(_ query: Query<ImportBatch>, on database: Database) throws -> ImportBatch {
    guard mayGoOn() else { throw Paused() }
    let batch: ImportBatch
    do {
      batch = try once(query, on: database)
    } catch let error as PostgresError
      where ["contacts_email_key", "contacts_phone_key"].contains(error.constraint ?? "")
    {
      batch = try once(query, on: database)
    }
    done.withLock { $0 += batch.written }
    return batch
  }

  private func once(_ query: Query<ImportBatch>, on database: Database) throws -> ImportBatch {
    try database.write(as: job) { tx in
      let (_, batch) = try tx.look(query)
      let done = done.withLock { $0 } + batch.written
      tx.advance(job, done: min(done, total), of: total)
      return batch
    }
  }
}

extension PostgresError {
  /// What was to be kept breaks a rule or fits no column (classes 22 and 23): it would the next time too.
  var isOfData: Bool {
    guard let state = sqlState?.utf8 else { return false }
    return state.starts(with: "22".utf8) || state.starts(with: "23".utf8)
  }
}
