import Postgres

/// What the database's superuser has set up, as far as `closerflow check` looks at it.
package struct Installation: Sendable {
  /// Such as 180006.
  package let serverVersion: Int
  /// Seconds since 1970 on the server's clock.
  package let clockSeconds: Int
  /// The extensions in the schema `extensions`.
  package let extensions: [String]
  package let migratorMayOwn: Bool

  package static let serverVersionMin = 170_000
  package static let extensionsNeeded = ["vector", "pg_trgm", "btree_gin"]

  package static let current = Query<Installation>(
    "Installation.current",
    """
    select current_setting('server_version_num')::int, extract(epoch from clock_timestamp())::bigint,
           array(select e.extname::text from pg_extension e join pg_namespace n on n.oid = e.extnamespace
                  where n.nspname = 'extensions' order by 1),
           exists (select from pg_roles m, pg_roles o
                    where m.rolname = 'closerflow_migrate' and o.rolname = 'closerflow_owner'
                      and pg_has_role(m.oid, o.oid, 'SET') and not m.rolsuper)
    """,
    only: { row in
      let (version, clock): (Int, Int) = (try row.next(), try row.next())
      let extensions: CodeArray = try row.next()
      return Installation(
        serverVersion: version, clockSeconds: clock, extensions: extensions.elements,
        migratorMayOwn: try row.next())
    })
}
