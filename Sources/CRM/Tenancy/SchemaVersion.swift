import Postgres

package enum SchemaVersion {
  /// The newest migration that was applied, such as `0008`; nil on an empty database.
  package static let current = Query<String?>(
    "SchemaVersion.current", "select app.schema_version()",
    only: { try $0.next(optional: String.self) })
}
