import CRM
import Glibc
import Postgres
import Secrets
import TestSupport
import Testing

/// What a login role could do beside reading and writing rows, if its rights were wider than its work.
@Suite struct `Attacks on rights` {
  private let own: TestTenant
  private let victim: TestTenant
  private let insiders: [Attacker.Way]
  private let everybody: [Attacker.Way]
  /// Everybody but who wrote the draft.
  private let strangers: [Attacker.Way]

  init() throws {
    own = try TestTenant.fresh()
    victim = try TestTenant.fresh()
    insiders = [
      .session("sales", own.sales.session), .session("reviewer", own.reviewer.session),
      .session("admin", own.admin.session), .session("both", own.allrounder.session),
    ]
    everybody = insiders + TestDatabase.Role.login.map { .bare($0) }
    strangers = Array(everybody.dropFirst())
  }

  private func expectNothingWorked(_ attacker: Attacker, atLeast kinds: Int) {
    print("\(attacker.tried) attempts on rights, \(attacker.worked.count) worked")
    #expect(attacker.worked == [])
    #expect(attacker.misspelt == [])
    #expect(attacker.tried >= kinds)
  }

  @Test func `lock no table against everybody`() throws {
    let tables = try own.look(
      Query(
        "tables",
        """
        select format('%I.%I', c.relnamespace::regnamespace, c.relname) from pg_class c
        where c.relnamespace::regnamespace::text in ('crm', 'app', 'sec') and c.relkind = 'r' order by 1
        """, all: { (row: inout Row) -> String in try row.next() }))
    var attacker = Attacker()
    for table in tables {
      for mode in ["access exclusive", "exclusive", "share row exclusive", "share"] {
        attacker.command(
          "lock \(table) in \(mode)", SQL(unchecked: "lock table \(table) in \(mode) mode nowait"),
          everybody)
      }
    }

    #expect(tables.count > 45)
    expectNothingWorked(attacker, atLeast: 1_000)
  }

  @Test func `stop nobody, keep no large object, and make nothing`() throws {
    var attacker = Attacker()
    for attempt in [
      "select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and usename = session_user",
      "select count(pg_cancel_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and usename = session_user",
      "select pg_terminate_backend(0)", "select pg_cancel_backend(0)", "select pg_reload_conf()",
      "select pg_rotate_logfile()", "select pg_stat_reset()", "select pg_switch_wal()",
      "select pg_promote()",
      "select pg_log_backend_memory_contexts(pg_backend_pid())", "select lo_create(0)",
      "select lo_creat(-1)",
      "select lo_from_bytea(0, 'x')", "select lo_get(1)", "select lo_put(1, 0, 'x')",
      "select lo_open(1, 262144)",
      "select lo_unlink(1)", "select loread(0, 1)", "select lowrite(0, 'x')",
      "select lo_import('/etc/passwd')",
      "select lo_export(1, '/tmp/x')", "select lo_lseek(0, 0, 0)", "select lo_tell(0)",
      "select lo_truncate(0, 0)",
      "select lo_close(0)", "select pg_read_file('/etc/passwd')",
      "select pg_read_binary_file('/etc/passwd')",
      "select pg_ls_dir('/')", "select pg_stat_file('/etc/passwd')",
      "copy (select 1) to program 'true'",
      "copy (select 1) to '/tmp/x'", "create table crm.x (n int)", "create table app.x (n int)",
      "create table public.x (n int)", "create temporary table x (n int)", "create schema x",
      "create function app.x() returns int language sql return 1", "create role x",
      "create database x",
      "create extension hstore", "create publication x for all tables",
      "create event trigger x on sql_drop execute function app.touch()",
      "create trigger x before insert on crm.leads for each row execute function app.touch()",
      "create index on crm.leads (title)", "create policy x on crm.leads using (true)",
      "create rule x as on insert to crm.leads do instead nothing",
      "alter table crm.leads disable row level security",
      "alter table crm.leads disable trigger all", "alter table crm.leads owner to closerflow_web",
      "alter function app.tenant() owner to closerflow_web",
      "alter function app.tenant() reset all",
      "alter role closerflow_web superuser", "alter role closerflow_worker bypassrls",
      "alter role closerflow_owner login",
      "alter role closerflow_migrate password 'x'", "alter system set fsync = off",
      "alter database postgres set jit = off",
      "drop table crm.leads", "drop function app.tenant() cascade",
      "drop policy fence on crm.leads",
      "grant closerflow_owner to closerflow_web", "grant select on sec.users to closerflow_web",
      "set role closerflow_owner",
      "set role closerflow_migrate", "set session authorization closerflow_owner",
      "set session_replication_role = replica",
      "reindex table crm.leads", "cluster crm.leads", "security label on table crm.leads is 'x'",
      "comment on table crm.leads is 'x'", "select setval('crm.operation_changes_seq_seq', 1)",
      "select nextval('crm.operation_changes_seq_seq')", "select * from pg_authid",
      "select * from pg_user_mapping",
      "select * from public.schema_functions", "insert into public.schema_functions default values",
      "delete from public.schema_functions", "delete from public.schema_migrations",
      "update public.schema_migrations set sha256 = 'x'", "truncate public.schema_functions",
    ] {
      attacker.command(attempt, SQL(unchecked: attempt), everybody)
    }

    print("\(attacker.tried) attempts to stop or make something, \(attacker.worked.count) worked")
    #expect(attacker.worked == [])
    #expect(attacker.tried > 500)
  }

  @Test func `call no function that is not theirs`() throws {
    let calls = try own.look(
      Query(
        "calls",
        """
        select format('select %s(%s)', p.oid::regproc, (
                 select string_agg('(select null::' || format_type(t, null) || ')', ', ' order by n)
                   from unnest(p.proargtypes::oid[]) with ordinality u (t, n))), r.rolname::text
          from pg_proc p cross join pg_roles r
         where p.pronamespace::regnamespace::text in ('app', 'sec') and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
           and r.rolname in ('closerflow_web', 'closerflow_worker', 'closerflow_sign_in')
           and not has_function_privilege(r.oid, p.oid, 'execute')
         order by 1, 2
        """, all: { row in (call: try row.next(String.self), role: try row.next(String.self)) }))
    var attacker = Attacker()
    for (call, name) in calls {
      let role = try #require(TestDatabase.Role(rawValue: name))
      attacker.command(call, SQL(unchecked: call), [.bare(role)] + (role == .web ? insiders : []))
    }

    print("\(attacker.tried) calls of others' functions, \(attacker.worked.count) worked")
    #expect(attacker.worked == [])
    #expect(calls.count > 150)
  }

  @Test func `decide on no draft but with a decision`() throws {
    let (waiting, other) = (try own.waitingDraft(), try own.waitingDraft(subject: "Other"))
    let approved = try own.waitingDraft(subject: "Approved")
    _ = try own.approve(approved)
    var attacker = Attacker()

    attacker.change(
      "reject", "update drafts set status = 'rejected' where id = \(waiting)::uuid", everybody)
    attacker.change(
      "give back what is somebody else's",
      "update drafts set status = 'draft', manifest = null where id = \(waiting)::uuid", strangers)
    for decision in ["rejected", "changes_requested", "approved"] {
      attacker.attempt(
        "use the decision \(decision) on another draft",
        """
        with decided as (
          insert into approvals (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id, comment)
          select tenant_id, \(ID<Approval>()), id, version, content_sha256, \(decision), app.actor(), 'x'
          from drafts where id = \(other)::uuid returning 1),
        moved as (
          update drafts set status = \(decision == "changes_requested" ? "draft" : "rejected"),
                            manifest = case when \(decision) = 'changes_requested' then null else manifest end
          where id = \(waiting)::uuid returning 1)
        select count(*) from decided, moved
        """, strangers)
    }
    attacker.attempt(
      "reject with the word of asking for changes",
      """
      with decided as (
        insert into approvals (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id, comment)
        select tenant_id, \(ID<Approval>()), id, version, content_sha256, 'changes_requested', app.actor(), 'x'
        from drafts where id = \(waiting)::uuid returning draft_id)
      , moved as (update drafts set status = 'rejected' where id in (select draft_id from decided) returning 1)
      select count(*) from moved
      """, everybody)
    for (what, status) in [
      ("take the approval back", "under_review"), ("make it a draft again", "draft"),
    ] {
      attacker.change(
        what, "update drafts set status = \(status) where id = \(approved)::uuid", everybody)
    }
    attacker.change(
      "cancel what may leave", "update drafts set status = 'rejected' where id = \(approved)::uuid",
      everybody)

    expectNothingWorked(attacker, atLeast: 50)
    #expect(try own.status(of: waiting) == "under_review")
    #expect(try own.status(of: approved) == "approved")
  }

  @Test func `send to no other address than the contact's own`() throws {
    let lead = try own.lead()
    let draft = try own.draft(lead: lead)
    let contact = try own.contact(of: lead)
    var attacker = Attacker()
    for address in [
      "eve@evil.example", "claire@fontaine.example.evil.example", "CLAIRE@fontaine.example", "",
    ] {
      attacker.attempt(
        "put in \(address)",
        submission(
          of: draft,
          after: "update draft_recipients set address = \(address) where draft_id = \(draft)::uuid"),
        everybody)
    }
    for (what, kind) in [("as a text message", "sms_to"), ("as another kind", "cc")] {
      attacker.attempt(
        "the address \(what)",
        submission(
          of: draft,
          after: """
            update draft_recipients set kind = \(kind), address = 'eve@evil.example' where draft_id = \(draft)::uuid
            """), everybody)
    }
    expectNothingWorked(attacker, atLeast: 40)

    // By what the web role may do: recipients are cleared and put in anew.
    for (address, isTaken) in [("eve@evil.example", false), ("claire@fontaine.example", true)] {
      let submit: () throws -> Void = {
        try TestDatabase.open(as: .web).write(as: own.sales.session) { tx in
          tx.run("attack", "select app.clear_recipients(\(draft)::uuid)")
          tx.run(
            "attack",
            """
            insert into draft_recipients (tenant_id, draft_id, contact_id, kind, address)
            values (app.tenant(), \(draft)::uuid, \(contact)::uuid, 'to', \(address))
            """)
          tx.run(
            "attack",
            """
            insert into draft_contents (tenant_id, draft_id, manifest, submitted_by)
            select tenant_id, id, app.manifest(d), app.actor() from drafts d where id = \(draft)::uuid
            """)
          tx.run(
            "attack",
            "update drafts d set status = 'under_review', manifest = app.manifest(d) where id = \(draft)::uuid"
          )
        }
      }
      if isTaken {
        // The same with the right address meets only what the program writes beside it.
        try submit()
      } else {
        #expect(throws: PostgresError.self) { try submit() }
        #expect(try own.status(of: draft) == "draft")
      }
    }
  }

  private func submission(of draft: String, after change: SQL) -> SQL {
    """
    with changed as (\(change) returning 1), moved as (
      update drafts d set status = 'under_review', manifest = app.manifest(d)
      where d.id = \(draft)::uuid and exists (select from changed) returning 1)
    select count(*) from moved
    """
  }

  @Test func `name no message themselves`() throws {
    let draft = try own.waitingDraft()
    var attacker = Attacker()
    attacker.change(
      "name a message",
      """
      insert into deliveries (tenant_id, id, event_id, kind, channel, endpoint, draft_id, approval_id,
                              content_sha256, message_id, order_key, order_seq)
      select app.tenant(), \(ID<Delivery>()), (select id from outbox_events limit 1), 'draft', 'email', 'smtp',
             id, \(ID<Approval>()), content_sha256, '<x@evil.example>', document_id, version
      from drafts where id = \(draft)::uuid
      """, everybody)
    attacker.change(
      "name it later", "update deliveries set message_id = '<x@evil.example>'", everybody)
    expectNothingWorked(attacker, atLeast: 14)

    _ = try own.approve(draft)
    let isOwn = try own.count(
      "deliveries",
      where: "message_id = '<' || id || '@acme.example>' and draft_id = \(draft)::uuid")
    #expect(isOwn == 1)
  }

  @Test func `ask for no job about what is not there`() throws {
    let (lead, victimLead) = (try own.lead(), try victim.lead())
    let victimImport =
      try victim.upload("title\nA\n").split(separator: "/").last.map(String.init) ?? ""
    var attacker = Attacker()
    for kind in ["questions", "import", "embeddings"] {
      for subject in [
        ID<Lead>().description, victimLead, victimImport, kind == "import" ? lead : victimImport,
      ] {
        for params in ["{}", #"{"lead": "\#(lead)"}"#, #"{"lead": null}"#] {
          // Questions of a lead's own are what is asked for.
          attacker.change(
            "a job \(kind) about \(subject) with \(params)",
            """
            insert into jobs (tenant_id, id, kind, subject_id, params, requested_by)
            values (app.tenant(), \(ID<Job>()), \(kind), \(subject)::uuid, \(params)::jsonb, app.actor())
            """, everybody)
        }
      }
    }

    expectNothingWorked(attacker, atLeast: 200)
  }

  @Test func `delete nothing of others by the functions that delete`() throws {
    let lead = try own.lead()
    let person = try own.contact(of: lead)
    let waiting = try own.waitingDraft()
    let victimLead = try victim.lead()
    let victimContact = try victim.contact(of: victimLead)
    let victimDraft = try victim.draft()
    try own.change(
      """
      insert into segments (tenant_id, id, name, filter, owner_id)
      values (app.tenant(), \(lead)::uuid, 'Ours', '{}', \(own.admin.user))
      """)
    try victim.change(
      """
      insert into segments (tenant_id, id, name, filter, owner_id)
      values (app.tenant(), \(victimLead)::uuid, 'Theirs', '{}', \(victim.sales.user))
      """)
    let before = (try census(own), try census(victim))

    for way in everybody.dropLast() {
      for call in [
        "select app.clear_recipients(\(waiting)::uuid)",
        "select app.clear_recipients(\(victimDraft)::uuid)",
        "select app.unlink_contact(\(lead)::uuid, \(person)::uuid)",
        "select app.unlink_contact(\(victimLead)::uuid, \(victimContact)::uuid)",
        "select app.move_leads(\(victimContact)::uuid, \(person)::uuid)",
        "select app.delete_segment(\(victimLead)::uuid)",
        "select app.drop_import_rows(\(lead)::uuid)",
      ] as [SQL] { try attempt(call, way) }
      if way.description != "web as admin" {
        try attempt("select app.delete_segment(\(lead)::uuid)", way)
      }
      // Moving one's own people into another tenant's leaves no link behind.
      try attempt("select app.move_leads(\(person)::uuid, \(victimContact)::uuid)", way)
    }

    #expect(try census(own) == before.0)
    #expect(try census(victim) == before.1)
  }

  /// Refused or without effect.
  private func attempt(_ call: SQL, _ way: Attacker.Way) throws {
    do {
      switch way {
      case .session(_, let session):
        try TestDatabase.open(as: .web).write(as: session) { $0.run("attack", call) }
      case .bare(let role): try TestDatabase.open(as: role).call(Query<Void>("attack", call))
      case .lease: break
      }
    } catch is PostgresError {
      return
    }
  }

  private func census(_ tenant: TestTenant) throws -> [String] {
    try ["lead_contacts", "draft_recipients", "segments", "lead_import_rows"].map { table in
      try tenant.look(
        Query(
          "census",
          "select coalesce(string_agg(t::text, '|' order by t::text), '') from \(SQL(unchecked: table)) t where tenant_id = app.tenant()",
          only: { try $0.next() }))
    }
  }

  @Test func `are in no tenant any more as a disabled member`() throws {
    _ = try own.lead()
    let web = TestDatabase.open(as: .web)
    let ticket = Hex.encode(try #require(own.sales.token).digest)
    let look: () throws -> Int = {
      try web.script("begin; select set_config('app.ticket', '\(ticket)', true)")
      defer { #expect(throws: Never.self) { try web.script("rollback") } }
      return try web.call(Query("look", "select count(*) from leads", only: { try $0.next() }))
    }
    #expect(try look() == 1)

    try own.change(
      "update memberships set disabled_at = now() where tenant_id = app.tenant() and user_id = \(own.sales.user)"
    )

    #expect(try look() == 0)
    #expect(try own.sales.get("/leads").place?.hasPrefix("/sign-in") == true)
  }

  @Test func `open no session while they are being disabled`() async throws {
    let disabling = TestDatabase.open(as: .superuser)
    try disabling.script(
      """
      begin; update crm.memberships set disabled_at = now()
       where tenant_id = '\(own.id)' and user_id = '\(own.sales.user)'
      """)
    let (tenant, user) = (own.id, own.sales.user)
    let opening = Task.detached { () -> String? in
      do {
        try TestDatabase.open(as: .superuser).call(
          Query<Void>(
            "open",
            """
            insert into sec.sessions (token_hash, user_id, tenant_id, idle_expires_at, expires_at)
            values (sha256(\(Token.random().digest)), \(user), \(tenant), now() + interval '1 hour', now() + interval '1 hour')
            """))
        return nil
      } catch { return (error as? PostgresError)?.constraint ?? "\(error)" }
    }
    // It waits for the one that disables.
    let watcher = TestDatabase.open(as: .superuser)
    for _ in 0..<500 {
      let waits: Bool = try watcher.call(
        Query(
          "waits",
          "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like 'insert into sec.sessions%')",
          only: { try $0.next() }))
      if waits { break }
      usleep(10_000)
    }
    try disabling.script("commit")

    #expect(await opening.value == "sessions_member_fkey")
    #expect(try own.count("sec.sessions", where: "user_id = \(own.sales.user)") == 0)
  }

  @Test func `wake no session that ended`() throws {
    let token = try #require(own.sales.token)
    let web = TestDatabase.open(as: .web)
    for end in ["idle_expires_at", "expires_at"] {
      try own.change(
        "update sec.sessions set \(SQL(unchecked: end)) = now() - interval '1 second' where token_hash = \(token.digest)"
      )
      try web.call(Query<Void>("attack", "select app.touch_session(\(token.digest))"))
      #expect(try own.sales.get("/leads").place?.hasPrefix("/sign-in") == true)
      let sleeps: Bool = try own.look(
        Query(
          "sleeps",
          "select idle_expires_at < now() or expires_at < now() from sec.sessions where token_hash = \(token.digest)",
          only: { try $0.next() }))
      #expect(sleeps)
    }
  }

  @Test func `are told by what a role has set for itself`() throws {
    for role in LoginRole.allCases where role != .migrate {
      let found = try TestDatabase.open(as: TestDatabase.Role(rawValue: role.rawValue) ?? .web)
        .call(ConnectedRole.current)
      #expect(found.objection(to: role) == nil)
      let lax = ConnectedRole(
        name: role.rawValue, isUnfenced: false, isOwner: false,
        settings: found.settings.map { $0 == "statement_timeout=5s" ? "statement_timeout=0" : $0 })
      #expect(
        lax.objection(to: role) == "somebody set statement_timeout=0 for the role \(role.rawValue)")
      let bare = ConnectedRole(name: role.rawValue, isUnfenced: false, isOwner: false, settings: [])
      #expect(bare.objection(to: role)?.contains("lacks the setting") == true)
    }
  }
}

/// One thing of a tenant's keeps no other's waiting.
@Suite struct `A sweep` {
  @Test func `settles the jobs of all tenants beside one that cannot be settled`() throws {
    let (broken, healthy) = (try TestTenant.fresh(), try TestTenant.fresh())
    for tenant in [broken, healthy] {
      let lead = try #require(ID<Lead>(try tenant.lead()))
      try TestDatabase.open(as: .web).write(as: tenant.sales.session) { tx in
        tx.ask(.embeddings, about: lead)
      }
    }
    // As a job looks whose end breaks a rule: its state may not change.
    let superuser = TestDatabase.open(as: .superuser)
    try superuser.script(
      """
      update crm.jobs set state = 'leased', lease_until = now() - interval '1 minute', attempts = 1, lease_owner = 'gone'
       where tenant_id in ('\(broken.id)', '\(healthy.id)');
      alter table crm.jobs drop constraint if exists jobs_broken;
      alter table crm.jobs add constraint jobs_broken check (tenant_id <> '\(broken.id)' or state = 'leased') not valid
      """)
    defer {
      do {
        try superuser.script("alter table crm.jobs drop constraint jobs_broken")
      } catch { Issue.record(error) }
    }

    _ = try Housekeeping.sweep(on: TestDatabase.open(as: .worker))

    #expect(try healthy.count("jobs", where: "state = 'leased'") == 0)
    #expect(
      try broken.count(
        "jobs", where: "state = 'leased' and lease_until > now() + interval '50 minutes'") == 1)
  }
}
