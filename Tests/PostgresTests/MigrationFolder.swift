import Glibc
import Postgres
import Testing

/// A directory of migrations, removed with its test.
final class MigrationFolder {
  let path: String
  private var names: Set<String> = []

  init(_ files: KeyValuePairs<String, String> = [:]) throws {
    var template = Array("/tmp/closerflow-migrations-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestServer.Missing(description: "no /tmp") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for (name, text) in files { try write(name, text) }
  }

  deinit {
    for name in names { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Writes or overwrites a file; `up` is its whole text, or what stands below `-- migrate:up`.
  func write(_ name: String, _ up: String) throws {
    let text = up.hasPrefix("--") ? up : "-- migrate:up\n\(up)\n"
    guard let file = fopen("\(path)/\(name)", "w") else {
      throw TestServer.Missing(description: "\(path)/\(name) cannot be written")
    }
    fputs(text, file)
    fclose(file)
    names.insert(name)
  }

  func remove(_ name: String) {
    unlink("\(path)/\(name)")
    names.remove(name)
  }

  /// So that it is removed with the folder.
  func adopt(_ name: String) { names.insert(name) }
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
