import CRM
import Postgres
import TestSupport
import Testing

/// What the catalogue says of every table, so that nobody has to remember it for a new one.
@Suite struct `The schema` {
  /// Rows the query finds are faults.
  private func faults(_ sql: SQL) throws -> [String] {
    let database = TestDatabase.open(as: .superuser)
    return try database.call(Query("faults", sql, all: { try $0.next() }))
  }

  @Test func `fences every table by tenant`() throws {
    let unfenced = try faults(
      """
      select c.relname::text from pg_class c
      where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')
        and not (c.relrowsecurity and c.relforcerowsecurity and exists (
          select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and p.polcmd = '*'
            and array_length(p.polroles, 1) = 2))
      """)

    #expect(unfenced == [])
  }

  @Test func `carries the tenant in every key and every reference`() throws {
    let keys = try faults(
      """
      select k.conname::text from pg_constraint k
      where k.connamespace = 'crm'::regnamespace and k.contype in ('p', 'u', 'f')
        and k.conrelid <> 'crm.tenants'::regclass and k.confrelid <> all (array['crm.tenants', 'sec.users']::regclass[])
        and not exists (select from unnest(k.conkey) c join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c
                        where a.attname = 'tenant_id')
      """)
    let indexes = try faults(
      """
      select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
      where c.relnamespace = 'crm'::regnamespace and i.indisunique and c.relname <> 'tenants'
        and not exists (select from unnest(i.indkey::int2[]) k join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k
                        where a.attname = 'tenant_id')
      """)

    #expect(keys == [])
    #expect(indexes == [])
  }

  @Test func `has an index for every reference`() throws {
    let bare = try faults(
      """
      select k.conname::text from pg_constraint k
      where k.connamespace in ('crm'::regnamespace, 'sec'::regnamespace) and k.contype = 'f'
        and not exists (select from pg_index i where i.indrelid = k.conrelid
                        and (select array_agg(x order by x) from unnest(i.indkey::int2[]) with ordinality u(x, n) where n <= 2)
                            @> (select array_agg(x order by x) from unnest(k.conkey) with ordinality u(x, n) where n <= 2))
      """)

    #expect(bare == [])
  }

  @Test func `cascades into nothing that is history`() throws {
    let cascades = try faults(
      "select conname::text from pg_constraint where contype = 'f' and confdeltype = 'c' and connamespace = 'crm'::regnamespace"
    )

    #expect(cascades == ["draft_recipients_draft_fkey"])
  }

  @Test func `keeps history by triggers that nothing switches off`() throws {
    let kept = try faults(
      """
      select c.relname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where t.tgname = 'immutable' and t.tgenabled = 'A' and c.relnamespace = 'crm'::regnamespace order by 1
      """)
    let columns = try faults(
      """
      select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'crm'::regnamespace and c.relkind = 'r' and a.attname = 'txid' order by 1
      """)

    #expect(kept.count == 14)
    #expect(kept == columns)
  }

  @Test func `gives the login roles nothing they could break out with`() throws {
    let powers = try faults(
      """
      select rolname::text from pg_roles where rolname like 'closerflow_%' and rolname <> 'closerflow_owner'
        and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)
      """)
    let grants = try faults(
      """
      select grantee || ' ' || privilege_type || ' ' || table_name from information_schema.role_table_grants
      where grantee in ('closerflow_web', 'closerflow_worker', 'closerflow_sign_in', 'PUBLIC')
        and table_schema in ('crm', 'app', 'sec')
        and (privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER') or table_schema = 'sec'
             -- Each of these on a whole table lets a role lock it against everybody.
             or privilege_type in ('DELETE', 'UPDATE', 'MAINTAIN'))
      """)
    let owned = try faults(
      """
      select c.relname::text from pg_class c join pg_roles r on r.oid = c.relowner
      where r.rolname in ('closerflow_web', 'closerflow_worker', 'closerflow_sign_in', 'closerflow_migrate')
      """)

    #expect(powers == [])
    #expect(grants == [])
    #expect(owned == [])
  }

  @Test func `runs as its owner only in the functions that are listed here`() throws {
    let definers = try faults(
      """
      select distinct p.pronamespace::regnamespace || '.' || p.proname from pg_proc p
      where p.pronamespace in ('crm'::regnamespace, 'app'::regnamespace, 'sec'::regnamespace) and p.prosecdef
      order by 1
      """)
    let loose = try faults(
      """
      select p.proname::text from pg_proc p
      where p.pronamespace in ('app'::regnamespace, 'sec'::regnamespace) and p.prosecdef
        and not exists (select from unnest(p.proconfig) c where c like 'search_path=%pg_temp')
      """)

    #expect(
      definers == [
        "app.actor",
        "app.begin_operation",
        "app.board_cards",
        "app.board_totals",
        "app.bring_people_back",
        "app.check_assignment_recorded",
        "app.check_axes_recorded",
        "app.check_decision_recorded",
        "app.check_fact",
        "app.check_stage_recorded",
        "app.choose_owners",
        "app.claim_deliveries",
        "app.claim_job",
        "app.clear_recipients",
        "app.close_session",
        "app.complete_delivery",
        "app.copy_changed_contact",
        "app.copy_linked_contact",
        "app.count_leads",
        "app.delete_segment",
        "app.discard_import",
        "app.drop_import_rows",
        "app.emit",
        "app.end_lease",
        "app.end_operation",
        "app.end_sessions",
        "app.ended_leases",
        "app.enter",
        "app.enter_delivery",
        "app.enter_job",
        "app.fail_delivery",
        "app.find_contacts",
        "app.find_duplicates",
        "app.find_leads",
        "app.finish_check",
        "app.finish_import",
        "app.finish_undo",
        "app.forget_expired",
        "app.forget_imports",
        "app.import_updates",
        "app.is_status_recorded",
        "app.judge_import",
        "app.keep_draft_alive",
        "app.keep_to_import_bytes",
        "app.keep_to_import_quota",
        "app.list_leads",
        "app.log_operation",
        "app.mark_committing",
        "app.may",
        "app.move_leads",
        "app.nearest_questions",
        "app.open_session",
        "app.outbox_gauge",
        "app.propose_questions",
        "app.recount_segments",
        "app.refuse_import_line",
        "app.refuse_import_row",
        "app.renew_jobs",
        "app.renew_leases",
        "app.resolve_delivery",
        "app.schema_digest",
        "app.schema_version",
        "app.settle_job",
        "app.sign_in_attempt",
        "app.start_import",
        "app.sweep_jobs",
        "app.tenant",
        "app.told_now",
        "app.touch_session",
        "app.undo_import_changes",
        "app.undo_import_leads",
        "app.undo_operation",
        "app.unlink_contact",
        "app.write_import_leads",
      ])
    #expect(loose == [])
  }

  @Test func `knows the same permissions as the program`() throws {
    let stored = try faults("select role || ' ' || permission from app.role_permissions order by 1")
    let spoken = Role.allCases.flatMap { role in
      role.permissions.map { "\(role.rawValue) \($0.rawValue)" }
    }

    #expect(stored == spoken.sorted())
  }
}
