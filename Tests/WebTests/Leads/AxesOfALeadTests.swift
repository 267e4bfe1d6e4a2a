import Postgres
import TestSupport
import Testing

@Suite struct `The axes of a lead` {
  @Test func `winning makes the client, fixes value and days, and taking it back asks why`() throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Kitchen")

    let won = try acme.sales.post(
      "/leads/\(lead)/outcome",
      [
        "outcome": "won", "value": "1200.50", "currency": "EUR", "client": "Fontaine & Fils",
        "reason": "",
      ])
    let page = try acme.sales.follow(won)
    let silent = try acme.sales.post("/leads/\(lead)/outcome", ["outcome": "open", "reason": ""])
    let back = try acme.sales.post(
      "/leads/\(lead)/outcome", ["outcome": "open", "reason": "Signed with somebody else"])

    #expect(won.status == 303)
    #expect(won.trips == 2)
    #expect(page.shows("Client: Fontaine & Fils"))
    #expect(silent.status == 422)
    #expect(silent.error(beside: "outcome-reason") == "Say why.")
    #expect(back.status == 303)
    #expect(try acme.count("clients", where: "name = 'Fontaine & Fils'") == 1)
    #expect(
      try acme.count(
        "lead_outcome_history", where: "to_outcome = 'won' and value = 120050 and days = 0") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'LeadConverted'") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'LeadReverted'") == 1)
    #expect(try acme.count("leads", where: "outcome = 'open' and converted_at is null") == 1)
  }

  @Test func `two won leads of one name share the client, whatever its case`() throws {
    let acme = try TestTenant.fresh()
    for (title, client) in [("One", "Maison Dubois"), ("Two", "MAISON  DUBOIS ")] {
      let lead = try acme.lead(title: title, email: "\(title)@example.com")
      _ = try acme.sales.post("/leads/\(lead)/outcome", ["outcome": "won", "client": client])
    }

    #expect(try acme.count("clients") == 1)
    #expect(try acme.count("leads", where: "outcome = 'won'") == 2)
  }

  @Test(arguments: ["lost", "unqualified"])
  func `giving up needs a reason`(outcome: String) throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let page = try acme.sales.post("/leads/\(lead)/outcome", ["outcome": outcome])

    #expect(page.status == 422)
    #expect(page.error(beside: "outcome-reason") == "Say why.")
    #expect(try acme.count("lead_outcome_history") == 0)
  }

  @Test func `contact status is one axis, its history says what brought it about`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let page = try acme.sales.follow(
      try acme.sales.post("/leads/\(lead)/contact-status", ["contact_status": "engaged"]))

    #expect(page.shows("Engaged"))
    #expect(
      try acme.count(
        "lead_status_history",
        where:
          "axis = 'contact_status' and from_value = 'new' and to_value = 'engaged' and triggered_by = 'user'"
      ) == 1)
    #expect(try acme.count("audit_log", where: "field = 'contact_status' and new = 'engaged'") == 1)
  }

  @Test func `tags are lower-case words, each once, and what is none is told`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let page = try acme.sales.follow(
      try acme.sales.post("/leads/\(lead)/tags", ["tags": "VIP, intent_purchase vip, été-2026"]))
    let odd = try acme.sales.post("/leads/\(lead)/tags", ["tags": "semi;colon"])

    #expect(page.has("<span class=\"tag\">vip</span> <span class=\"tag\">intent_purchase</span>"))
    #expect(odd.status == 422)
    #expect(odd.typed("tags-tags") == "semi;colon")
    #expect(
      try acme.count("leads", where: "tags = array['vip', 'intent_purchase', 'été-2026']") == 1)
  }

  @Test func `taking over and suppression are told apart and leave the contact status alone`()
    throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    _ = try acme.sales.post("/leads/\(lead)/take-over", ["reason": "I call her myself"])
    let page = try acme.sales.get("/leads/\(lead)")
    _ = try acme.sales.post("/leads/\(lead)/take-over-removal", ["reason": "Done"])

    #expect(page.shows("No automatic e-mail: I call her myself"))
    #expect(page.shows("E-mail may go to this lead, after approval"))
    #expect(try acme.count("lead_status_history", where: "axis = 'paused'") == 2)
    #expect(try acme.count("leads", where: "contact_status = 'new' and paused_at is null") == 1)
  }

  @Test func `archived and deleted leads leave the lists and come back`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Put away")
    func isListed() throws -> Bool {
      try acme.sales.get("/leads").leadTitles.contains("Put away")
        && acme.sales.get("/leads?q=away").leadTitles.contains("Put away")
    }

    _ = try acme.sales.post("/leads/\(lead)/archive")
    let archived = try isListed()
    _ = try acme.sales.post("/leads/\(lead)/restoration")
    let restored = try isListed()
    _ = try acme.sales.post("/leads/\(lead)/deletion")
    let page = try acme.sales.get("/leads/\(lead)")

    #expect(!archived && restored)
    #expect(try !isListed())
    #expect(page.shows("This lead is in no list"))
    #expect(page.shows("Restore this lead"))
    #expect(!page.shows("Archive this lead"))
  }

  @Test func `nothing can be done with a deleted lead but to restore it`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let contact = try acme.contact(of: lead)
    _ = try acme.sales.post("/leads/\(lead)/deletion")

    let moved = try acme.sales.post("/leads/\(lead)/stage", ["stage": "discovery"])
    let written = try acme.sales.post(
      "/leads/\(lead)/drafts", ["subject": "S", "content_md": "C", "to": contact, "then": "save"])
    let restored = try acme.sales.post("/leads/\(lead)/restoration")

    #expect(moved.status == 422)
    #expect(written.status == 409)
    #expect(written.typed("kept-content_md") == "C")
    #expect(restored.status == 303)
    #expect(try acme.count("outbox_events", where: "type in ('LeadDeleted', 'LeadRestored')") == 2)
  }

  @Test func `the database refuses an axis that changes without its record`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let changes: [SQL] = [
      "outcome = 'lost'", "contact_status = 'engaged'", "archived_at = now()", "deleted_at = now()",
      "tags = array['x']", "is_test = true",
      "paused_at = now(), paused_by = app.actor(), paused_reason = 'x'",
      "suppressed_at = now(), suppressed_by = app.actor(), suppressed_reason = 'x'",
    ]
    for change in changes {
      let error = #expect(throws: PostgresError.self) {
        try TestDatabase.open(as: .web).write(as: acme.sales.session) { tx in
          tx.run("sneak", "update leads set \(change) where id = \(lead)::uuid")
        }
      }
      #expect(error?.constraint == "leads_axes_recorded", "\(change.self)")
    }
  }

  @Test func `a test lead is marked and unmarked`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let marked = try acme.sales.follow(try acme.sales.post("/leads/\(lead)/test-mark"))
    _ = try acme.sales.post("/leads/\(lead)/test-mark-removal")

    #expect(marked.shows("This lead is in the lists, and in no total."))
    #expect(try acme.count("audit_log", where: "field = 'is_test'") == 2)
  }
}
