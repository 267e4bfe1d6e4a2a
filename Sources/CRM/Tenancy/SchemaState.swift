import Postgres
import Secrets

/// Where a schema stands, in a database or in a release's `migrations/`.
package struct SchemaState: Sendable, Equatable {
  /// The newest migration, such as `0008`; nil on an empty database.
  package let newest: String?
  /// A SHA-256 over the texts of all functions, in hexadecimal; nil where there is none.
  package let functions: String?

  package static let current = Query<SchemaState>(
    "SchemaState.current", "select app.schema_version(), app.schema_digest()",
    only: { row in
      SchemaState(
        newest: try row.next(optional: String.self), functions: try row.next(optional: String.self))
    })

  private init(newest: String?, functions: String?) {
    self.newest = newest
    self.functions = functions
  }

  /// What a release brings. Throws `MigrationError` for files that are none.
  package init(ofRelease directory: String) throws(MigrationError) {
    newest = try MigrationFile.all(in: directory).last?.version
    let lines = try FunctionFile.all(in: directory)
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      .map { "\($0.name) \(Hex.encode(Sodium.sha256($0.bytes)))\n" }
    functions =
      lines.isEmpty ? nil : Hex.encode(Sodium.sha256(Array(lines.joined().utf8)))
  }

  /// What to say of a database that stands here, beside a program whose release is `release`.
  package func words(besides release: SchemaState) -> String {
    func short(_ digest: String?) -> String { digest.map { String($0.prefix(12)) } ?? "none" }
    let stands = "schema \(newest ?? "none"), functions \(short(functions))"
    return functions == release.functions
      ? stands : "\(stands), of another release than this one's \(short(release.functions))"
  }
}
