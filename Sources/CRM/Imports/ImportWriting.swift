import Postgres

/// Writes what the dry run of an import found, in batches of one transaction each.
struct ImportWriting: Sendable {
  let id: ID<LeadImport>
  let progress: ImportProgress

  private static let leadsABatch = 1_000
  private static let updatesABatch = 500
  /// New leads are written by so many connections at once.
  private static let lanes = 2

  func run(on database: Database) throws {
    // A lead that was deleted since the dry run is new again, a new one may be known by now: until
    // neither has any left.
    var isQuiet = false
    while !isQuiet {
      let hadUpdates = try writeUpdates(database)
      let hadLeads = try writeLeads(database)
      isQuiet = !hadUpdates && !hadLeads
    }
  }

  /// One batch after the other: lines about one lead take their turns. Whether there were any.
  private func writeUpdates(_ database: Database) throws -> Bool {
    var after = 0
    var limit = Self.updatesABatch
    while true {
      let batch: ImportBatch
      do {
        batch = try progress.step(updates(after, limit), on: database)
        limit = min(limit * 2, Self.updatesABatch)
      } catch let error as PostgresError where error.isOfData {
        guard limit == 1 else {
          limit /= 2
          continue
        }
        batch = try progress.step(refusal("update", after, error), on: database)
      }
      guard let last = batch.lastLine else { return after > 0 }
      after = last
    }
  }

  /// Whether there were any.
  private func writeLeads(_ database: Database) throws -> Bool {
    let (_, batches) = try database.read(as: progress.job, batches)
    guard let first = batches.first else { return false }
    try write(first, database)
    try database.each(of: Array(batches.dropFirst()), lanes: Self.lanes, write)
    return true
  }

  /// In one transaction; where the database refuses a row, in halves down to that one, in their order.
  private func write(_ lines: ClosedRange<Int>, _ database: Database) throws {
    do {
      _ = try progress.step(leads(lines), on: database)
    } catch let error as PostgresError where error.isOfData {
      guard lines.count > 1 else {
        _ = try progress.step(refusal("new", lines.lowerBound - 1, error), on: database)
        return
      }
      let middle = (lines.lowerBound + lines.upperBound) / 2
      try write(lines.lowerBound...middle, database)
      try write((middle + 1)...lines.upperBound, database)
    }
  }
}

extension ImportWriting {
  private func updates(_ after: Int, _ limit: Int) -> Query<ImportBatch> {
    Query(
      "LeadImport.writeUpdates",
      "select written, last_line from app.import_updates(\(id), \(after), \(limit))",
      only: ImportBatch.init)
  }

  private func leads(_ lines: ClosedRange<Int>) -> Query<ImportBatch> {
    Query(
      "LeadImport.writeLeads",
      "select written, null from app.import_new_leads(\(id), \(lines.lowerBound), \(lines.upperBound))",
      only: ImportBatch.init)
  }

  /// The lines of the new leads. The first batch is small: while the tables look empty to the planner, the checks
  /// of foreign keys go through all of a tenant's rows; the one behind it tells the planner.
  private var batches: Query<[ClosedRange<Int>]> {
    Query(
      "LeadImport.batches",
      """
      select line, coalesce(lead(line) over (order by line) - 1, last) from (
        select line, row_number() over (order by line) as n, max(line) over () as last
        from lead_import_rows where import_id = \(id) and status = 'new') r
      where n = 1 or n % \(Self.leadsABatch) = \(Self.leadsABatch / 2) order by line
      """,
      all: { row in try row.next(Int.self)...row.next(Int.self) })
  }

  /// The next row behind a line that waits to be written is an error instead.
  private func refusal(_ status: String, _ after: Int, _ error: PostgresError) -> Query<ImportBatch>
  {
    Query(
      "LeadImport.refuseRow",
      """
      select written, last_line
      from app.refuse_import_row(\(id), \(after), \(status), \(error.constraint ?? error.sqlState ?? ""))
      """,
      only: ImportBatch.init)
  }
}
