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
        batch = try progress.step(refusal(after, error), on: database)
      }
      guard let last = batch.lastLine else { return after > 0 }
      after = last
    }
  }

  /// Whether there were any.
  private func writeLeads(_ database: Database) throws -> Bool {
    let (_, batches, takesTurns) = try database.read(as: progress.job, batches, takesTurns)
    // While the tables look empty to the planner, the checks of foreign keys go through all of a tenant's rows: the
    // first batch is small, and the second tells the planner.
    for batch in batches.prefix(2) { try write(batch, database) }
    try database.each(
      of: Array(batches.dropFirst(2)), lanes: takesTurns ? 1 : Self.lanes, write)
    return !batches.isEmpty
  }

  /// In one transaction; where the database refuses a row, in halves down to that one, in their order.
  private func write(_ lines: ClosedRange<Int>, _ database: Database) throws {
    do {
      _ = try progress.step(leads(lines), on: database)
    } catch let error as PostgresError where error.isOfData {
      guard lines.count > 1 else {
        _ = try progress.step(refusal(of: lines.lowerBound, error), on: database)
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
      "select written, null from app.write_import_leads(\(id), \(lines.lowerBound), \(lines.upperBound))",
      only: ImportBatch.init)
  }

  /// The lines of the new leads, the first few apart.
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

  /// Whether each new lead's owner depends on the one before.
  private var takesTurns: Query<Bool> {
    Query(
      "LeadImport.takesTurns",
      """
      select i.owner_id is null and exists (
        select from tenant_settings s where s.key = 'assignment' and s.value ->> 'strategy' <> 'manual')
      from lead_imports i where i.id = \(id)
      """, only: { try $0.next() })
  }

  /// The next update behind a line is an error instead.
  private func refusal(_ after: Int, _ error: PostgresError) -> Query<ImportBatch> {
    Query(
      "LeadImport.refuseUpdate",
      "select written, last_line from app.refuse_import_row(\(id), \(after), 'update', \(why(error)))",
      only: ImportBatch.init)
  }

  private func refusal(of line: Int, _ error: PostgresError) -> Query<ImportBatch> {
    Query(
      "LeadImport.refuseLine",
      "select 0, null from app.refuse_import_line(\(id), \(line), \(why(error)))",
      only: ImportBatch.init)
  }

  private func why(_ error: PostgresError) -> String { error.constraint ?? error.sqlState ?? "" }
}
