import Postgres

/// What a tenant's admins have settled for everybody; each with the value it has while nobody did.
package struct WorkspaceSettings: Sendable, Equatable {
  /// After how many days without anything happening a card on the board is tinted; 0 never.
  package var boardIdleDays = 14
  /// Where a telephone number without its country's code is dialled.
  package var phoneRegion: PhoneRegion?

  package static let boardIdleDaysRange = 0...365

  package init() {}

  package static let current = Query<[(key: String, value: String)]>(
    "WorkspaceSettings.current",
    """
    select key, value::text from tenant_settings where key = 'board_idle_days'
    union all select 'phone_region', phone_region from tenants
    """,
    all: { row in (key: try row.next(), value: try row.next()) }
  ).map { rows in
    var settings = WorkspaceSettings()
    for row in rows {
      switch row.key {
      case "phone_region": settings.phoneRegion = PhoneRegion(row.value)
      default: settings.boardIdleDays = Int(row.value) ?? settings.boardIdleDays
      }
    }
    return settings
  }

  /// The database asks once more whether it is an admin.
  package func save(
    over old: WorkspaceSettings, of tenant: ID<Tenant>, in tx: Transaction<some Entry>
  ) {
    let days = FieldChange("board_idle_days", String(old.boardIdleDays), String(boardIdleDays))
    let region = FieldChange("phone_region", old.phoneRegion?.code, phoneRegion?.code)
    if days != nil {
      tx.run(
        "WorkspaceSettings.saveIdleDays",
        """
        insert into tenant_settings (tenant_id, key, value)
        values (app.tenant(), 'board_idle_days', to_jsonb(\(boardIdleDays)::int))
        on conflict (tenant_id, key) do update set value = excluded.value
        """)
    }
    if region != nil {
      tx.run(
        "WorkspaceSettings.savePhoneRegion", "update tenants set phone_region = \(phoneRegion)")
    }
    tx.audit(
      [days, region].compactMap { $0 }.map { AuditRow("setting_changed", of: "tenant", tenant, $0) }
    )
  }
}
