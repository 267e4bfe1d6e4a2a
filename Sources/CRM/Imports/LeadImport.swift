import CSV
import Postgres
import Secrets

/// A file of leads on its way in: uploaded, its columns given a meaning, read and judged (the dry run),
/// written once, and perhaps taken back.
package struct LeadImport: Sendable {
  package let id: ID<LeadImport>
  package let fileName: String
  package let bytes: Int
  package let dialect: CSVDialect
  package let rows: Int
  package let header: [String]
  package let sample: [[String]]
  package let mapping: ImportMapping?
  package let mode: Mode?
  package let owner: ID<User>?
  package let source: String?
  package let state: State
  /// Counts the dry runs.
  package let round: Int
  package let counts: Counts
  package let by: String
  package let createdAt: Timestamp
  package let operation: ID<Operation>?

  /// What happens to leads that are known.
  package enum Mode: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case create
    /// A person who is known gets one more lead; a lead that is known by its number is left alone.
    case add
    case update
    case fillBlanks = "fill_blanks"
  }

  package enum State: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case mapping, checking, checked, committing, done, undoing, undone

    /// The worker has something to do.
    package var isUnderWay: Bool { [.checking, .committing, .undoing].contains(self) }
  }

  package struct Counts: Sendable {
    package let new: Int
    package let updates: Int
    package let duplicates: Int
    package let errors: Int
    /// What its undo found edited since, and left alone.
    package let kept: Int
  }

  package enum Refusal: Error, Equatable {
    /// Somebody, or the same person in another window, was quicker.
    case movedOn
  }

  package static let bytesMax = 32 * 1024 * 1024
  package static let rowsMax = 200_000
}

extension LeadImport {
  package static func find(_ id: ID<LeadImport>) -> Query<LeadImport?> {
    Query("LeadImport.find", "\(record) where i.id = \(id)", one: LeadImport.init(row:))
  }

  /// The newest ones.
  package static let latest = Query<[LeadImport]>(
    "LeadImport.latest", "\(record) order by i.id desc limit 50", all: LeadImport.init(row:))

  /// What is at work now, for which the tenant's others wait.
  package static func ahead(of id: ID<LeadImport>) -> Query<Ahead?> {
    Query(
      "LeadImport.ahead",
      """
      select i.id, i.file_name from jobs j
      join lead_imports i on i.tenant_id = j.tenant_id and i.id = j.subject_id
      where j.kind = 'import' and j.state = 'leased' and j.subject_id <> \(id)
      """, one: { row in try Ahead(id: row.next(), fileName: row.next()) })
  }

  package struct Ahead: Sendable {
    package let id: ID<LeadImport>
    package let fileName: String
  }

  private static func locked(_ id: ID<LeadImport>) -> Query<LeadImport?> {
    Query(
      "LeadImport.locked", "\(record) where i.id = \(id) for no key update of i",
      one: LeadImport.init(row:))
  }

  private static let record: SQL = """
    select i.id, i.file_name, i.bytes, i.encoding, i.delimiter, i.names_delimiter, i.mark_bytes, i.rows, i.header,
           i.sample, i.mapping, i.mode, i.owner_id, i.source, i.state, i.round, i.new_rows, i.update_rows,
           i.duplicate_rows, i.error_rows, i.kept_rows, m.display_name, i.created_at, i.operation_id
    from lead_imports i
    join memberships m on m.tenant_id = i.tenant_id and m.user_id = i.created_by and i.state <> 'discarded'
    """

  private init(row: inout Row) throws {
    id = try row.next()
    fileName = try row.next()
    bytes = try row.next()
    let encoding: CSVEncoding = try row.next()
    let delimiter: String = try row.next()
    let namesDelimiter: Bool = try row.next()
    dialect = CSVDialect(
      encoding: encoding, delimiter: delimiter.utf8.first ?? UInt8(ascii: ","),
      markBytes: try row.next(), namesDelimiter: namesDelimiter)
    rows = try row.next()
    let header: CodeArray = try row.next()
    self.header = header.elements
    let cells: CodeArray = try row.next()
    sample = stride(from: 0, to: cells.elements.count, by: max(1, header.elements.count)).map {
      Array(cells.elements[$0..<min($0 + header.elements.count, cells.elements.count)])
    }
    mapping = try row.next(optional: CodeArray.self).map { ImportMapping(codes: $0.elements) }
    mode = try row.next(optional: Mode.self)
    owner = try row.next(optional: ID<User>.self)
    source = try row.next(optional: String.self)
    state = try row.next()
    round = try row.next()
    counts = Counts(
      new: try row.next(), updates: try row.next(), duplicates: try row.next(),
      errors: try row.next(), kept: try row.next())
    by = try row.next()
    createdAt = try row.next()
    operation = try row.next(optional: ID<Operation>.self)
  }
}

extension CSVEncoding: SQLReadable {}

// MARK: - What people do with it

extension LeadImport {
  /// What a file is read with; chosen beside its columns.
  package struct Plan: Sendable {
    package let mapping: ImportMapping
    package let mode: Mode
    package let owner: ID<User>?
    package let source: String?

    package init(mapping: ImportMapping, mode: Mode, owner: ID<User>?, source: String?) {
      self.mapping = mapping
      self.mode = mode
      self.owner = owner
      self.source = source
    }
  }

  /// Asks for a dry run.
  package static func check(
    _ id: ID<LeadImport>, _ plan: Plan, in tx: Transaction<some Entry>
  ) throws {
    _ = try look(id, in: tx) { found, isAtWork in
      found.state == .mapping || found.state == .checked || found.state == .checking && !isAtWork
    }
    tx.run(
      "LeadImport.check",
      """
      update lead_imports
      set state = 'checking', round = round + 1, mapping = \(SQL.TextArray(plan.mapping.codes)), mode = \(plan.mode),
          owner_id = \(plan.owner), source = \(plan.source)
      where id = \(id)
      """)
    tx.ask(.import, about: id)
  }

  /// Asks for what was checked in this round to be written, once, and remembers what this header meant. Asked again
  /// after a failure, it goes on.
  package static func commit(
    _ id: ID<LeadImport>, round: Int?, in tx: Transaction<some Entry>
  ) throws {
    let found = try look(id, in: tx) { found, isAtWork in
      found.state == .checked && found.round == round || found.state == .committing && !isAtWork
    }
    if found.state == .checked {
      tx.run("LeadImport.start", "select app.start_import(\(id), \(ID<Operation>()), \(round))")
      tx.run(
        "ImportMapping.remember",
        """
        insert into lead_import_mappings (tenant_id, fingerprint, mapping, mode)
        select i.tenant_id, i.fingerprint, i.mapping, i.mode from lead_imports i where i.id = \(id)
        on conflict (tenant_id, fingerprint) do update set mapping = excluded.mapping, mode = excluded.mode
        """)
    }
    tx.ask(.import, about: id)
  }

  /// Asks for it to be taken back; also where it is half written and no worker is at it.
  package static func undo(_ id: ID<LeadImport>, in tx: Transaction<some Entry>) throws {
    let found = try look(id, in: tx) { found, isAtWork in
      found.state == .done || [.committing, .undoing].contains(found.state) && !isAtWork
    }
    if found.state != .undoing {
      tx.run("LeadImport.undo", "update lead_imports set state = 'undoing' where id = \(id)")
    }
    tx.ask(.import, about: id)
  }

  /// Throws away a file that was not imported.
  package static func discard(_ id: ID<LeadImport>, in tx: Transaction<some Entry>) throws {
    _ = try look(id, in: tx) { found, isAtWork in
      [.mapping, .checking, .checked].contains(found.state) && !isAtWork
    }
    tx.run("LeadImport.discard", "select app.discard_import(\(id))")
    tx.audit([AuditRow("import_discarded", of: "import", id)])
  }

  private static func look(
    _ id: ID<LeadImport>, in tx: Transaction<some Entry>, _ isReady: (LeadImport, Bool) -> Bool
  ) throws -> LeadImport {
    let (_, found, job) = try tx.look(locked(id), Job.latest(.import, about: id))
    guard let found else { throw NotFound() }
    guard isReady(found, job?.state.isLive == true) else { throw Refusal.movedOn }
    return found
  }

  /// Headers that differ in case or outer space only are one.
  static func fingerprint(of header: [String]) -> [UInt8] {
    Sodium.sha256(
      Array(header.map { $0.trimmedOfSpace.lowercased() }.joined(separator: "\u{1F}").utf8))
  }
}

/// What a header meant the last time.
package struct ImportMemory: Sendable {
  package let mapping: ImportMapping
  package let mode: LeadImport.Mode

  package static func of(_ id: ID<LeadImport>) -> Query<ImportMemory?> {
    Query(
      "ImportMemory.of",
      """
      select m.mapping, m.mode from lead_imports i
      join lead_import_mappings m on m.tenant_id = i.tenant_id and m.fingerprint = i.fingerprint
      where i.id = \(id)
      """,
      one: { row in
        let codes: CodeArray = try row.next()
        return ImportMemory(mapping: ImportMapping(codes: codes.elements), mode: try row.next())
      })
  }
}
