import CSV
import Postgres
import Secrets
import Spool
import Text

/// A file that was just uploaded, looked through piece by piece: how it is written, how long it is, what
/// its columns are called.
package struct ImportFile: Sendable {
  package let name: String
  package let header: [String]
  private let bytes: Bytes
  private let digest: [UInt8]
  private let dialect: CSVDialect
  private let rows: Int
  private let sample: [[String]]

  package enum Refusal: Error, Equatable {
    /// Nothing in it, or a header and nothing behind it.
    case empty
    /// No text that a spreadsheet wrote, such as a workbook.
    case noCSV
    /// The first line is broken, or has too many columns: nothing says what they are.
    case headerBroken
    case tooManyRows
  }

  /// The form on which they get their meaning has a field for each.
  private static let columnsMax = 150
  private static let sampleRows = 5
  private static let sampleCellMax = 200
  private static let chunkBytes = 1 << 20

  /// Throws a ``Refusal``, or what reading the bytes throws.
  package init(name: String, _ bytes: Bytes) throws {
    let beginning = try bytes[0..<min(4, bytes.count)].array()
    guard !beginning.starts(with: "PK".utf8), beginning != [0xD0, 0xCF, 0x11, 0xE0],
      !beginning.starts(with: "%PDF".utf8)
    else { throw Refusal.noCSV }
    var detector = CSVDialect.Detector()
    var hash = Sodium.SHA256()
    try bytes.eachPiece { piece in
      detector.read(piece)
      hash.update(piece)
    }
    dialect = detector.dialect
    digest = hash.digest()
    var scan = Scan()
    var reader = CSVReader(dialect)
    try bytes.eachPiece { piece in reader.read(piece) { scan.take($0) } }
    reader.finish { scan.take($0) }
    guard let first = scan.header else { throw Refusal.empty }
    guard first.problem == nil, first.fields.count <= Self.columnsMax else {
      throw Refusal.headerBroken
    }
    guard scan.rows > 0 else { throw Refusal.empty }
    guard scan.rows <= LeadImport.rowsMax else { throw Refusal.tooManyRows }
    let shown = Invisible.strip(name).text
    self.name = shown.isEmpty ? "leads.csv" : shown
    self.bytes = bytes
    header = first.fields
    rows = scan.rows
    sample = scan.sample.map { row in
      row.map { cell in
        String(String.UnicodeScalarView(cell.unicodeScalars.prefix(Self.sampleCellMax)))
      }
    }
  }

  private struct Scan {
    var header: CSVRecord?
    var rows = 0
    var sample: [[String]] = []

    mutating func take(_ record: CSVRecord) {
      guard header != nil else { return header = record }
      rows += 1
      if sample.count < ImportFile.sampleRows, record.problem == nil {
        sample.append(record.fields)
      }
    }
  }

  /// Keeps the file, in pieces, until the worker has read it.
  package func keep(as id: ID<LeadImport>, in tx: Transaction<some Entry>) {
    tx.run(
      "LeadImport.insert",
      """
      insert into lead_imports
        (tenant_id, id, file_name, sha256, bytes, encoding, delimiter, names_delimiter, mark_bytes, rows, header, sample,
         fingerprint, created_by)
      values (app.tenant(), \(id), \(name), \(digest), \(bytes.count), \(dialect.encoding.rawValue),
              \(String(decoding: [dialect.delimiter], as: UTF8.self)), \(dialect.namesDelimiter), \(dialect.markBytes),
              \(rows), \(SQL.TextArray(header)), \(SQL.TextArray(sample.flatMap { $0 })),
              \(LeadImport.fingerprint(of: header)), app.actor())
      """)
    tx.run("ImportChunk.insert") { [bytes] send in
      var position = 0
      try bytes.eachPiece(of: Self.chunkBytes) { piece in
        try send(
          """
          insert into lead_import_chunks (tenant_id, import_id, position, bytes)
          values (app.tenant(), \(id), \(position), \(Array(piece)))
          """)
        position += 1
      }
    }
    tx.audit([AuditRow("import_uploaded", of: "import", id)])
  }

  static func chunk(_ position: Int, of id: ID<LeadImport>) -> Query<[UInt8]?> {
    Query(
      "ImportChunk.find",
      "select bytes from lead_import_chunks where import_id = \(id) and position = \(position)",
      one: { try $0.next() })
  }
}
