import CSV
import Postgres

/// The dry run: reads the file, says of each record what would become of it, writes no lead.
final class ImportCheck {
  private let subject: LeadImport
  private let job: LeasedJob
  private let database: Database
  private var batch: [ImportRow] = []
  private var read = 0
  private var isHeaderBehind = false
  /// Where an earlier worker got to; nil while nobody has.
  private var lastLine = 0
  /// Where an address, a number or a number of record first stood.
  private var seen: [String: Said] = [:]

  private struct Said {
    let line: Int
    /// By its id.
    let namesLead: Bool
  }

  private static let rowsABatch = 1_000

  private struct Paused: Error {}

  init(_ subject: LeadImport, _ job: LeasedJob, _ database: Database) {
    self.subject = subject
    self.job = job
    self.database = database
  }

  func run(_ mayGoOn: () -> Bool) throws -> JobEnd {
    do {
      try dropEarlier()
      try readAll(mayGoOn)
    } catch is Paused {
      return .paused
    }
    let (id, job, read) = (subject.id, job, read)
    try database.write(as: job) { tx in
      tx.run("LeadImport.finishCheck", "select app.finish_check(\(id))")
      tx.finish(job, done: read)
    }
    return .settled
  }

  /// The rows of the dry run before this one.
  private func dropEarlier() throws {
    let id = subject.id
    try database.write(as: job) { tx in
      tx.run("ImportRow.dropEarlier", "select app.drop_import_rows(\(id))")
    }
    let (_, line) = try database.read(
      as: job,
      Query(
        "ImportRow.lastLine",
        "select coalesce(max(line), 0) from lead_import_rows where import_id = \(id)",
        only: { try $0.next(Int.self) }))
    lastLine = line
  }

  private func readAll(_ mayGoOn: () -> Bool) throws {
    let (_, region, currency, members) = try database.read(
      as: job, Tenant.phoneRegion, Tenant.currency, Colleague.all)
    let reading = ImportRow.Reading(
      mapping: subject.mapping ?? ImportMapping([]), phoneRegion: region, currency: currency,
      hasDecimalCommas: subject.dialect.delimiter == UInt8(ascii: ";"), members: members)
    var reader = CSVReader(subject.dialect)
    var position = 0
    while let chunk = try chunk(position) {
      try reader.read(chunk[...]) { record in try take(record, reading, mayGoOn) }
      position += 1
    }
    try reader.finish { record in try take(record, reading, mayGoOn) }
    try flush()
  }

  private func chunk(_ position: Int) throws -> [UInt8]? {
    let (_, bytes) = try database.read(as: job, ImportFile.chunk(position, of: subject.id))
    return bytes
  }

  private func take(
    _ record: CSVRecord, _ reading: ImportRow.Reading, _ mayGoOn: () -> Bool
  ) throws {
    guard isHeaderBehind else { return isHeaderBehind = true }
    read += 1
    var row = ImportRow(record, reading)
    findTwin(&row)
    guard row.line > lastLine else { return }
    batch.append(row)
    guard batch.count >= Self.rowsABatch else { return }
    guard mayGoOn() else { throw Paused() }
    try flush()
  }

  /// Marks a row that says again what an earlier one said. Lines that name two leads by their ids are two, also where
  /// one person stands at both.
  private func findTwin(_ row: inout ImportRow) {
    guard row.status == "read" else { return }
    let ids = [row.externalID.map { "x\($0)" }, row.knownID.map { "i\($0)" }].compactMap { $0 }
    let people = [row.email.map { "e\($0)" }, row.phone.map { "p\($0)" }].compactMap { $0 }
    let twins =
      ids.compactMap { seen[$0] }
      + people.compactMap { seen[$0] }.filter { !($0.namesLead && row.knownID != nil) }
    if let twin = twins.first {
      row.status = "duplicate"
      row.reasons = ["same_line:\(twin.line)"]
    } else {
      let said = Said(line: row.line, namesLead: row.knownID != nil)
      for key in ids + people where seen[key] == nil { seen[key] = said }
    }
  }

  private func flush() throws {
    guard !batch.isEmpty else { return }
    try keep(batch)
    batch.removeAll(keepingCapacity: true)
  }

  /// In one transaction; where the database refuses a row, in halves down to that one, in their order.
  private func keep(_ rows: [ImportRow]) throws {
    let (job, subject, read) = (job, subject, read)
    do {
      try database.write(as: job) { tx in
        rows.insert(into: subject.id, round: subject.round, in: tx)
        tx.advance(job, done: read, of: subject.rows)
      }
    } catch let error as PostgresError where error.isOfData {
      if rows.count > 1 {
        try keep(Array(rows.prefix(rows.count / 2)))
        try keep(Array(rows.dropFirst(rows.count / 2)))
      } else if let row = rows.first, !row.isRefused {
        try keep([row.refused(error)])
      } else {
        throw error
      }
    }
  }
}
