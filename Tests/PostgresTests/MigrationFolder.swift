import Glibc
import Postgres
import Testing

/// A directory of migrations, removed with its test.
final class MigrationFolder {
  let path: String

  init(_ files: KeyValuePairs<String, String> = [:]) throws {
    var template = Array("/tmp/closerflow-migrations-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestServer.Missing(description: "no /tmp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for (name, text) in files { try write(name, text) }
  }

  /// A copy of the product's own.
  convenience init(copying source: String) throws {
    try self.init()
    guard spawnAndWait(["cp", "-r", "\(source)/.", path]) == 0 else {
      throw TestServer.Missing(description: "\(source) cannot be copied")
    }
  }

  deinit { spawnAndWait(["rm", "-rf", path]) }

  /// Writes or overwrites a file; `up` is its whole text, or what stands below `-- migrate:up`.
  func write(_ name: String, _ up: String) throws {
    let text = up.hasPrefix("--") ? up : "-- migrate:up\n\(up)\n"
    let folder = name.split(separator: "/").dropLast().joined(separator: "/")
    if !folder.isEmpty { spawnAndWait(["mkdir", "-p", "\(path)/\(folder)"]) }
    guard let file = fopen("\(path)/\(name)", "w") else {
      throw TestServer.Missing(description: "\(path)/\(name) cannot be written")
    }
    fputs(text, file)
    fclose(file)
  }

  func remove(_ name: String) { unlink("\(path)/\(name)") }

  /// The product's schemas, and what its numbered files call.
  func writeFoundation() throws {
    let source = "\(Repository.root)/migrations"
    for part in ["0001_foundation.sql", "functions/first"] {
      spawnAndWait(["mkdir", "-p", "\(path)/functions"])
      guard spawnAndWait(["cp", "-r", "\(source)/\(part)", "\(path)/\(part)"]) == 0 else {
        throw TestServer.Missing(description: "\(part) cannot be copied")
      }
    }
  }
}

/// A bootstrapped database, a folder of migrations, and a runner for the two.
final class MigrationBench {
  let scratch: ScratchDatabase
  let folder: MigrationFolder
  var limits = Migrator.Limits()
  private(set) var reports: [String] = []

  init(_ files: KeyValuePairs<String, String> = [:]) throws {
    scratch = try ScratchDatabase(isBootstrapped: true)
    folder = try MigrationFolder(files)
  }

  init(scratch: ScratchDatabase, folder: MigrationFolder) {
    self.scratch = scratch
    self.folder = folder
  }

  var migrator: Migrator {
    Migrator(
      scratch.url, directory: folder.path, runnerVersion: "test", limits: limits,
      report: { [weak self] in self?.reports.append($0) })
  }

  /// The file names that `up` applies.
  @discardableResult
  func up() throws -> [String] { try migrator.up().map(\.file) }

  /// The error of `up`.
  func refusal() throws -> MigrationError {
    try #require(throws: MigrationError.self) { try migrator.up() }
  }

  var applied: [String] {
    get throws {
      try migrator.status().compactMap { row in
        guard case .applied = row.state else { return nil }
        return row.version
      }
    }
  }

  func has(_ table: String) throws -> Bool {
    try scratch.database().value("select to_regclass(\(table)) is not null")
  }

  func run(_ sql: String) throws { try scratch.database().script(sql) }
}
