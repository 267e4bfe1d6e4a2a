import CRM
import Postgres
import TestSupport
import Testing

/// What the database refuses whatever the code does: each attempt as a login role, in a transaction
/// of its own.
@Suite struct Attacks {
  @Test func `as each login role every attempt is refused`() throws {
    let scene = try Scene()
    var attacker = Attacker()
    let before = try scene.victim.census()

    try scene.everyTable(&attacker)
    scene.otherTenants(&attacker)
    scene.unapprovedMail(&attacker)
    scene.foreignContent(&attacker)
    scene.history(&attacker)
    scene.borrowedNames(&attacker)
    scene.forgedTickets(&attacker)
    scene.statusMoves(&attacker)
    scene.discovery(&attacker)

    print("\(attacker.tried) attempts as the login roles, \(attacker.worked.count) worked")
    #expect(attacker.worked == [])
    #expect(attacker.misspelt == [])
    #expect(attacker.tried > 300)
    #expect(try scene.victim.census() == before)
  }
}

extension Attacks {
  @Test func `what is allowed works with the same means`() throws {
    let scene = try Scene()
    var member = Attacker()

    member.attempt("see own leads", "select count(*) from leads", scene.insiders)
    member.change(
      "edit an own draft", "update drafts set subject = 'New' where id = \(scene.ownDraft)::uuid",
      scene.insiders)
    member.change(
      "put a contact into the own tenant",
      "insert into contacts (tenant_id, id, last_name) values (app.tenant(), gen_random_uuid(), 'X')",
      scene.insiders)

    #expect(member.worked.count == member.tried)
    #expect(member.misspelt == [])
  }
}

/// Two tenants at work: one of somebody who attacks, one that must not notice.
private struct Scene {
  let own: TestTenant
  let victim: TestTenant
  let ownWaiting: String
  let ownApproved: String
  let ownDraft: String
  let victimContact: String
  let victimLead: String
  let victimDraft: String
  let insiders: [Attacker.Way]
  let outsiders: [Attacker.Way]
  var everybody: [Attacker.Way] { insiders + outsiders }

  init() throws {
    own = try TestTenant.fresh()
    victim = try TestTenant.fresh()
    ownDraft = try own.draft()
    ownWaiting = try own.waitingDraft()
    ownApproved = try own.waitingDraft(subject: "Approved")
    _ = try own.approve(ownApproved)
    victimLead = try victim.lead()
    victimContact = try victim.contact(of: victimLead)
    victimDraft = try victim.waitingDraft()
    _ = try victim.approve(victimDraft)
    insiders = [
      .session("sales", own.sales.session), .session("reviewer", own.reviewer.session),
      .session("admin", own.admin.session), .session("both", own.allrounder.session),
    ]
    outsiders = TestDatabase.Role.login.map { .bare($0) }
  }

  /// The generated part: each table, each verb, each role.
  func everyTable(_ attacker: inout Attacker) throws {
    let tables = try own.look(
      Query(
        "tables",
        "select relname::text from pg_class where relnamespace = 'crm'::regnamespace and relkind = 'r' order by 1",
        all: { (row: inout Row) -> String in try row.next() }))
    for table in tables {
      let name = SQL(unchecked: "crm.\(table)")
      let key: SQL = table == "tenants" ? "id" : "tenant_id"
      attacker.attempt(
        "see \(table)", "select count(*) from \(name) where \(key) = \(victim.id)", everybody)
      attacker.attempt(
        "count all of \(table)", "select count(*) from \(name) where \(key) <> \(own.id)", everybody
      )
      attacker.change(
        "delete from \(table)", "delete from \(name) where \(key) = \(victim.id)", everybody)
      attacker.change(
        "move \(table)", "update \(name) set \(key) = \(own.id) where \(key) = \(victim.id)",
        everybody)
      attacker.change(
        "copy \(table)", "insert into \(name) select * from \(name) where \(key) = \(victim.id)",
        everybody)
      attacker.command("empty \(table)", "truncate \(name) cascade", everybody)
    }
    for table in ["sec.users", "sec.sessions", "sec.login_throttles", "sec.known_browsers"] {
      attacker.attempt("see \(table)", "select count(*) from \(SQL(unchecked: table))", everybody)
      attacker.change("delete from \(table)", "delete from \(SQL(unchecked: table))", everybody)
    }
  }

  func otherTenants(_ attacker: inout Attacker) {
    attacker.change(
      "put a contact into another tenant",
      "insert into contacts (tenant_id, id, email) values (\(victim.id), \(ID<Contact>()), 'x@example.com')",
      everybody)
    attacker.change(
      "link a lead of another tenant",
      """
      insert into lead_contacts (tenant_id, lead_id, contact_id)
      select app.tenant(), \(victimLead)::uuid, id from contacts limit 1
      """, everybody)
    attacker.change(
      "write a draft for a lead of another tenant",
      """
      insert into drafts (tenant_id, id, lead_id, type, version, document_id, author_id, last_editor_id)
      values (app.tenant(), \(ID<Draft>()), \(victimLead)::uuid, 'followup_email', 9, \(ID<Draft>()), app.actor(), app.actor())
      """, everybody)
    attacker.change(
      "give a lead to a member of another tenant",
      "update leads set owner_id = \(victim.sales.user)", everybody)
    for life in Lead.Life.allCases {
      attacker.attempt(
        "find a lead of another tenant by filters, \(life)",
        """
        select count(*) from app.find_leads(jsonb_build_object('life', \(life)::text), null, null, 501) f
        where f.id = \(victimLead)::uuid
        """, everybody)
    }
    let injections = [
      "x' or true or '", "%' or l.tenant_id is not null --", "\\", "'); drop table leads; --",
    ]
    let keys = [
      "q", "stage", "outcome", "status", "tier", "tag", "source", "life", "from", "to", "followup",
      "idle", "close_from", "close_to", "client", "language", "paused", "suppressed", "test",
    ]
    for key in keys {
      for injection in injections {
        attacker.attempt(
          "break out of the filter \(key)",
          """
          select count(*) from app.find_leads(jsonb_build_object(\(key)::text, \(injection)::text), null, null, 501) f
          where f.id = \(victimLead)::uuid
          """, everybody)
      }
    }
    for injection in injections {
      attacker.attempt(
        "break out of the board's filter",
        "select count(*) from app.board_cards(jsonb_build_object('source', \(injection)::text), 101) f where f.id = \(victimLead)::uuid",
        everybody)
    }
    for injection in injections + ["claire", "fontaine.example", "0612345678"] {
      attacker.attempt(
        "find a person of another tenant",
        """
        select count(*) from app.find_contacts(\(injection), 101) f
        where f.id = \(victimContact)::uuid
        """, everybody)
    }
    attacker.attempt(
      "count segments, which the worker does", "select app.recount_segments(1)", insiders)
    attacker.attempt(
      "find a lead of another tenant on the board",
      "select count(*) from app.board_cards('{}', 101) f where f.id = \(victimLead)::uuid",
      everybody)
    attacker.attempt(
      "sum up another tenant's leads on the board",
      """
      select count(*) from app.board_totals(
        jsonb_build_object('owner', \(victim.sales.user.description)::text), 9) t where t.leads > 0
      """, everybody)
    attacker.attempt(
      "break out of the order",
      """
      select count(*) from app.find_leads('{}', 'title, (select 1)', \(victimLead)::uuid, 501) f
      where f.id = \(victimLead)::uuid
      """, everybody)
    attacker.attempt(
      "find a duplicate in another tenant",
      "select count(*) from app.find_duplicates('claire@fontaine.example', null, null, null) f where f.id = \(victimLead)::uuid",
      everybody)
    attacker.attempt(
      "take back an operation that is not there",
      "select count(*) from app.undo_operation(\(ID<Operation>()))", everybody)
    attacker.attempt(
      "tell an event of another tenant's lead",
      "select count(app.emit(\(ID<Event>()), 'Forged', 1, 'lead', \(victimLead)::uuid, 'x', '{}'))",
      everybody)
    attacker.attempt(
      "settle a delivery of another tenant",
      """
      select count(*) from deliveries d, lateral app.resolve_delivery(d.id, 'cancel', 'x')
      where d.tenant_id = \(victim.id)
      """, everybody)
  }

  func unapprovedMail(_ attacker: inout Attacker) {
    for draft in [ownDraft, ownWaiting] {
      for status in ["sent", "approved"] {
        attacker.change(
          "mark a draft \(status)",
          "update drafts set status = \(status) where id = \(draft)::uuid", everybody)
        attacker.change(
          "mark a draft \(status) with a borrowed approval",
          """
          update drafts set status = \(status), approval_id = (select id from approvals limit 1)
          where id = \(draft)::uuid
          """, everybody)
      }
      attacker.change(
        "fill in that a draft was sent",
        "update drafts set sent_at = now(), sent_via = 'email', external_message_id = 'x' where id = \(draft)::uuid",
        everybody)
      attacker.change(
        "deliver without an approval",
        delivery(of: draft, approval: "\(ID<Approval>())", hash: "sha256('x')"), everybody)
      attacker.change(
        "deliver with another draft's approval",
        delivery(
          of: draft, approval: "(select id from approvals limit 1)",
          hash: "(select content_sha256 from approvals limit 1)"), everybody)
    }
    attacker.change(
      "deliver a second time",
      delivery(
        of: ownApproved,
        approval:
          "(select id from approvals where draft_id = '\(SQL(unchecked: ownApproved))' limit 1)",
        hash: "(select content_sha256 from drafts where id = '\(SQL(unchecked: ownApproved))')"),
      everybody)
    attacker.change(
      "approve and nothing else",
      """
      insert into approvals (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id)
      select tenant_id, \(ID<Approval>()), id, version, content_sha256, 'approved', app.actor()
      from drafts where id = \(ownWaiting)::uuid
      """, everybody)
    attacker.change(
      "approve in a colleague's name",
      """
      insert into approvals (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id)
      select tenant_id, \(ID<Approval>()), id, version, content_sha256, 'approved', \(own.reviewer.user)
      from drafts where id = \(ownWaiting)::uuid
      """, everybody)
    attacker.change(
      "approve other bytes",
      """
      insert into approvals (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id)
      select tenant_id, \(ID<Approval>()), id, version, sha256('other'), 'approved', app.actor()
      from drafts where id = \(ownWaiting)::uuid
      """, everybody)
    for state in ["sent", "committing", "leased", "uncertain", "dead", "cancelled"] {
      attacker.change(
        "set a delivery to \(state)", "update deliveries set state = \(state)", everybody)
    }
    attacker.change(
      "point a delivery elsewhere", "update deliveries set content_sha256 = sha256('x')", everybody)
    attacker.change(
      "edit an approved draft",
      "update drafts set content_md = 'x' where id = \(ownApproved)::uuid", everybody)
    attacker.change(
      "edit a waiting draft", "update drafts set subject = 'x' where id = \(ownWaiting)::uuid",
      everybody)
    attacker.change(
      "swap an approved manifest",
      "update drafts set manifest = 'x' where id = \(ownApproved)::uuid", everybody)
    attacker.change(
      "change recipients after submission",
      "delete from draft_recipients where draft_id in (\(ownWaiting)::uuid, \(ownApproved)::uuid)",
      everybody)
    attacker.attempt(
      "do the worker's work", "select count(*) from app.claim_deliveries('x', 10, 10, '1 minute')",
      insiders + [.bare(.web), .bare(.signIn)])
    attacker.attempt(
      "do the worker's jobs",
      "select count(*) from app.claim_job(array['embeddings'], 'x', '1 minute')",
      insiders + [.bare(.web), .bare(.signIn)])
    attacker.change("settle a job", "update jobs set state = 'done'", everybody)
    attacker.change(
      "read a colleague's notifications",
      "update notifications set read_at = now() where user_id <> app.actor()", everybody)
    attacker.change("forge what can be undone", "update operation_changes set old = '1'", everybody)
    attacker.change(
      "give a lead away without a record",
      "update leads set owner_id = \(own.admin.user) where id = (select lead_id from drafts where id = \(ownDraft)::uuid)",
      everybody)
    attacker.change(
      "change how leads are given out",
      """
      insert into tenant_settings (tenant_id, key, value)
      values (app.tenant(), 'assignment', '{"strategy": "manual", "members": [], "sources": {}}')
      """, everybody.filter { $0.description != "web as admin" })
    let allButAdmins = everybody.filter { $0.description != "web as admin" }
    attacker.change(
      "raise the budget of models",
      "insert into ai_budgets (tenant_id, tokens_per_month) values (app.tenant(), 9000000)",
      allButAdmins)
    attacker.change(
      "have numbers dialled elsewhere", "update tenants set phone_region = 'KP'", allButAdmins)
    attacker.change(
      "forget what must be known", "update fact_definitions set retired_at = now()", allButAdmins)
    attacker.change(
      "put words into the bank",
      """
      insert into question_bank (tenant_id, id, text, category, embedding, embedding_model)
      values (app.tenant(), \(ID<Question>()), 'What is your password?', 'other',
              array_fill(1, array[384])::extensions.vector, 'x')
      """, allButAdmins)
  }

  private func delivery(of draft: String, approval: SQL, hash: SQL) -> SQL {
    """
    insert into deliveries (tenant_id, id, event_id, kind, channel, endpoint, draft_id, approval_id,
                            content_sha256, order_key, order_seq)
    select app.tenant(), \(ID<Delivery>()), (select id from outbox_events limit 1), 'draft', 'email', 'other',
           \(draft)::uuid, \(approval), \(hash), \(ID<Draft>()), 1
    """
  }

  /// Words, sender or recipients that are not the draft's own; somebody else's submission; facts that
  /// are none.
  func foreignContent(_ attacker: inout Attacker) {
    let fixed: [(String, SQL)] = [
      ("made up", "'\\x00'::bytea"),
      ("another draft's", "(select manifest from drafts where id = \(ownApproved)::uuid)"),
    ]
    for (what, manifest) in fixed {
      attacker.attempt("submit a content that is \(what)", submission(of: manifest), everybody)
    }
    attacker.attempt(
      "submit somebody else's draft",
      submission(of: "(select app.manifest(d) from drafts d where d.id = \(ownDraft)::uuid)"),
      everybody.filter { $0.description != "web as sales" })
    for fact in ["DraftApproved", "DraftRejected", "DraftSent"] {
      attacker.attempt(
        "tell that it is \(fact)",
        """
        select count(app.emit(\(ID<Event>()), \(fact), 1, 'lead',
          (select lead_id from drafts where id = \(ownWaiting)::uuid), \(ownWaiting),
          jsonb_build_object('draft', \(ownWaiting)::text)))
        """, everybody)
    }
    attacker.change("count the tenant's events", "update tenants set event_seq = 9", everybody)
    attacker.attempt(
      "cancel a delivery as a stranger to the outbox",
      "select count(app.resolve_delivery(id, 'arrived', 'x')) from deliveries",
      everybody)
  }

  private func submission(of manifest: SQL) -> SQL {
    """
    with kept as (
      insert into draft_contents (tenant_id, draft_id, manifest, submitted_by)
      values (app.tenant(), \(ownDraft)::uuid, \(manifest), \(own.sales.user)) returning manifest),
    moved as (
      update drafts set status = 'under_review', manifest = kept.manifest from kept
      where id = \(ownDraft)::uuid returning 1)
    select count(*) from moved
    """
  }

  func history(_ attacker: inout Attacker) {
    for table in [
      "lead_stage_history", "lead_status_history", "lead_outcome_history", "activities",
      "audit_log", "approvals",
      "outbox_events", "draft_contents", "delivery_attempts", "policy_decisions", "messages",
      "lead_assignments",
      "ai_actions", "discovery_answers",
    ] {
      let name = SQL(unchecked: "crm.\(table)")
      attacker.change("change \(table)", "update \(name) set txid = txid", everybody)
      attacker.change("delete own \(table)", "delete from \(name)", everybody)
    }
    for parent in ["leads", "contacts", "drafts", "tenants", "memberships", "deliveries"] {
      attacker.change(
        "delete own \(parent)", "delete from \(SQL(unchecked: "crm.\(parent)"))", everybody)
    }
    attacker.change(
      "tell an event without its function",
      "insert into outbox_events select * from outbox_events limit 1", everybody)
  }

  func borrowedNames(_ attacker: inout Attacker) {
    attacker.change(
      "put a letter that never left into the conversation",
      """
      insert into messages (tenant_id, id, thread_id, role, content, draft_id)
      select app.tenant(), \(ID<AuditRow>()), id, 'operator', 'x', \(ownApproved)::uuid from threads
      """, everybody)
    attacker.change(
      "sign an audit row with a colleague's name",
      """
      insert into audit_log (tenant_id, id, actor_id, action, subject_type, subject_id)
      select app.tenant(), \(ID<AuditRow>()), null, 'x', 'x', \(ID<AuditRow>()) where app.actor() is null
      """, everybody)
    attacker.change(
      "become another editor",
      "update drafts set last_editor_id = \(own.admin.user), status = 'draft' where id = \(ownWaiting)::uuid and last_editor_id = \(own.admin.user)",
      everybody)
    attacker.change(
      "take another author", "update drafts set author_id = \(own.admin.user)", everybody)
    attacker.change("take a role", "update memberships set roles = array['reviewer']", everybody)
    attacker.change(
      "allow self-approval",
      "insert into tenant_settings (tenant_id, key, value) values (app.tenant(), 'self_approval', 'true')",
      everybody)
    attacker.attempt(
      "open a session",
      "select count(app.open_session(\(own.admin.user), sha256('x'), 'x@y.example', '', '', \(ID<AuditRow>()), null))",
      insiders + [.bare(.web), .bare(.worker)])
    attacker.attempt(
      "open a session from a browser",
      "select count(app.open_session(\(own.admin.user), sha256('x'), 'x@y.example', '', '', \(ID<AuditRow>()), null, sha256('b')))",
      insiders + [.bare(.web), .bare(.worker)])
    attacker.attempt(
      "read a password hash from a browser",
      "select count(*) from app.sign_in_attempt(\(own.admin.email), 'x', sha256('b'))",
      insiders + [.bare(.web), .bare(.worker)])
    attacker.attempt(
      "read a password hash", "select count(*) from app.sign_in_attempt(\(own.admin.email), 'x')",
      insiders + [.bare(.web), .bare(.worker)])
    attacker.attempt(
      "become the owner", "select count(set_config('role', 'closerflow_owner', true))", everybody)
    attacker.attempt(
      "read a file of the server", "select length(pg_read_file('/etc/hostname'))", everybody)
  }

  func forgedTickets(_ attacker: inout Attacker) {
    let tickets: [(String, SQL)] = [
      ("the tenant's id", "set_config('app.ticket', \(victim.id.description), true)"),
      ("a plain tenant setting", "set_config('app.tenant', \(victim.id.description), true)"),
      ("a guessed hash", "set_config('app.ticket', repeat('00', 32), true)"),
      ("an empty ticket", "set_config('app.ticket', '', true)"),
      (
        "a job's lease",
        "set_config('app.ticket', \("job/\(victim.id)/\(victim.id)/1"), true)"
      ),
      (
        "another delivery's lease",
        "set_config('app.ticket', \("\(victim.id)/\(victim.id)/1"), true)"
      ),
    ]
    for (what, forgery) in tickets {
      attacker.attempt(
        "enter another tenant by \(what)",
        "with forged as materialized (select \(forgery)) select count(*) from forged, leads where leads.tenant_id = \(victim.id)",
        everybody)
      attacker.attempt(
        "be the other tenant by \(what)",
        "with forged as materialized (select \(forgery)) select count(*) from forged where app.tenant() = \(victim.id)",
        insiders + [.bare(.web), .bare(.worker)])
    }
  }

  /// What a model writes, what it costs, and the bank of another tenant.
  func discovery(_ attacker: inout Attacker) {
    attacker.attempt(
      "propose questions without a job",
      "select app.propose_questions(\(ID<AIAction>()), 'ai', '[]')", everybody)
    attacker.attempt(
      "find questions of another tenant's bank",
      """
      select count(*) from app.nearest_questions(
        (select array_agg(1)::vector(384) from generate_series(1, 384)), \(Playbook.rule), 50) n
      where n.id in (select id from question_bank where tenant_id = \(victim.id)) or app.tenant() is null
      """, everybody)
    attacker.change(
      "write a question as if a model had",
      """
      insert into discovery_questions (tenant_id, id, lead_id, text, category, origin, created_by)
      select tenant_id, \(ID<Question>()), id, 'x?y', 'other', 'ai', created_by from leads
      where app.tenant() is null limit 1
      """, everybody)
    attacker.change(
      "hide what a model cost",
      "insert into ai_actions select * from ai_actions", everybody)
    attacker.change(
      "raise another tenant's budget",
      "insert into ai_budgets (tenant_id, tokens_per_month) values (\(victim.id), 5)", everybody)
  }

  /// The 5 × 5 table: what is no legal move of the web role alone.
  func statusMoves(_ attacker: inout Attacker) {
    let states = ["draft", "under_review", "approved", "rejected", "sent"]
    for (draft, from) in [(ownDraft, "draft"), (ownApproved, "approved")] {
      for to in states where to != from && !(from == "draft" && to == "under_review") {
        attacker.change(
          "\(from) → \(to)", "update drafts set status = \(to) where id = \(draft)::uuid", everybody
        )
      }
    }
  }
}

extension TestTenant {
  /// A digest of everything the tenant owns.
  fileprivate func census() throws -> String {
    let tables = [
      "leads", "contacts", "drafts", "approvals", "deliveries", "outbox_events", "audit_log",
      "activities",
    ]
    let sums = tables.map { table in
      SQL(
        unchecked:
          "(select md5(string_agg(t::text, '|' order by t::text)) from crm.\(table) t where tenant_id = app.tenant())"
      )
    }
    return try look(
      Query(
        "census", "select concat_ws('/', \(SQL.joined(sums, by: ", ")))", only: { try $0.next() }))
  }
}
