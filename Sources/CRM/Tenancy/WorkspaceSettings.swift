import Postgres

/// What a tenant's admins have settled for everybody; each with the value it has while nobody did.
package struct WorkspaceSettings: Sendable, Equatable {
  /// After how many days without anything happening a card on the board is tinted; 0 never.
  package var boardIdleDays = 14

  package static let boardIdleDaysRange = 0...365

  package init() {}

  package static let current = Query<[(key: String, value: String)]>(
    "WorkspaceSettings.current",
    "select key, value::text from tenant_settings where key = 'board_idle_days'",
    all: { row in (key: try row.next(), value: try row.next()) }
  ).map { rows in
    var settings = WorkspaceSettings()
    for row in rows where row.key == "board_idle_days" {
      settings.boardIdleDays = Int(row.value) ?? settings.boardIdleDays
    }
    return settings
  }

  /// The database asks once more whether it is an admin.
  package func save(
    over old: WorkspaceSettings, of tenant: ID<Tenant>, in tx: Transaction<some Entry>
  ) {
    guard
      let change = FieldChange(
        "board_idle_days", String(old.boardIdleDays), String(boardIdleDays))
    else { return }
    tx.run(
      "WorkspaceSettings.save",
      """
      insert into tenant_settings (tenant_id, key, value)
      values (app.tenant(), 'board_idle_days', to_jsonb(\(boardIdleDays)::int))
      on conflict (tenant_id, key) do update set value = excluded.value
      """)
    tx.audit([AuditRow("setting_changed", of: "tenant", tenant, change)])
  }
}
