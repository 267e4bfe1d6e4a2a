import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Relationships of leads` {
  private func relate(
    _ acme: TestTenant, _ lead: String, _ role: String, _ other: String, note: String = ""
  ) throws -> Page {
    try acme.sales.post(
      "/leads/\(lead)/relationships", ["other": other, "role": role, "note": note, "find": "o"])
  }

  private func lead(_ acme: TestTenant, _ title: String) throws -> String {
    try acme.lead(
      title: title, email: "\(title.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFFFF)@x.example")
  }

  @Test func `the other lead is found by search, and both records tell it`() throws {
    let acme = try TestTenant.fresh()
    let (kitchen, school) = (try lead(acme, "Kitchen"), try lead(acme, "School library"))

    let search = try acme.sales.get("/leads/\(kitchen)/relationships?find=library")
    let posted = try relate(acme, kitchen, "referred_by", school, note: "At the fair")
    let here = try acme.sales.get("/leads/\(kitchen)")
    let there = try acme.sales.get("/leads/\(school)")

    #expect(search.shows("School library"))
    #expect(search.trips == 1)
    #expect(posted.status == 303)
    #expect(posted.trips == 2)
    #expect(here.shows("was referred by School library At the fair"))
    #expect(there.shows("referred Kitchen"))
    #expect(there.shows("Related to “Kitchen”."))
    #expect(try acme.count("lead_relationships", where: "lead_id = \(school)::uuid") == 1)
    #expect(try acme.count("audit_log", where: "field = 'relationships'") == 2)
  }

  @Test func `what is noted already is told, from either side`() throws {
    let acme = try TestTenant.fresh()
    let (one, other) = (try lead(acme, "One"), try lead(acme, "Other"))
    _ = try relate(acme, one, "colleague", other)

    let again = try relate(acme, other, "colleague", one)
    let family = try relate(acme, other, "family", one)

    #expect(again.status == 422)
    #expect(again.error(beside: "role") == "That is noted between these two already.")
    #expect(family.status == 303)
  }

  @Test func `nobody is related to themselves, to a deleted lead, or to another tenant's`() throws {
    let acme = try TestTenant.fresh()
    let stranger = try TestTenant.fresh()
    let (one, gone) = (try lead(acme, "One"), try lead(acme, "Gone"))
    _ = try acme.sales.post("/leads/\(gone)/deletion")
    let foreign = try lead(stranger, "Foreign")

    for other in [one, gone, foreign] {
      #expect(try relate(acme, one, "family", other).status == 404)
    }
    #expect(try acme.sales.post("/leads/\(one)/relationships", ["role": "x"]).status == 422)
    #expect(try acme.count("lead_relationships") == 0)
  }

  @Test func `removed, it is gone from both and may be noted again`() throws {
    let acme = try TestTenant.fresh()
    let (one, other) = (try lead(acme, "One"), try lead(acme, "Other"))
    _ = try relate(acme, one, "family", other)
    let id = try acme.look(
      Query(
        "id", "select id::text from lead_relationships where tenant_id = app.tenant()",
        only: { (row: inout Row) -> String in try row.next() }))

    let removed = try acme.sales.post("/leads/\(other)/relationships/\(id)/removal")
    let twice = try acme.sales.post("/leads/\(other)/relationships/\(id)/removal")
    let again = try relate(acme, other, "family", one)

    #expect(removed.status == 303)
    #expect(twice.status == 404)
    #expect(again.status == 303)
    #expect(try acme.count("lead_relationships", where: "removed_at is null") == 1)
  }

  @Test func `the drawing goes two steps out, with the same facts in a table`() throws {
    let acme = try TestTenant.fresh()
    let leads = try ["Zero", "First", "Second", "Third"].map { try lead(acme, $0) }
    for (one, other) in zip(leads, leads.dropFirst()) {
      _ = try relate(acme, one, "referred", other)
    }
    _ = try relate(acme, leads[0], "family", leads[2])

    let page = try acme.sales.get("/leads/\(leads[0])/relationships")
    let far = try acme.sales.get("/leads/\(leads[1])/relationships")

    #expect(page.has("<title>Second</title>"))
    #expect(page.has("<title>Third</title>"))
    #expect(page.has("marker-end=\"url(#arrow)\""))
    #expect(page.html.split(separator: "<path class=\"tie\"").count == 5)
    #expect(page.shows("Zero family of Second"))
    #expect(far.has("<title>Third</title>"))
  }

  @Test func `what is further than two steps, or behind a deleted lead, is not drawn`() throws {
    let acme = try TestTenant.fresh()
    let leads = try ["Zero", "First", "Second", "Third"].map { try lead(acme, $0) }
    for (one, other) in zip(leads, leads.dropFirst()) {
      _ = try relate(acme, one, "referred", other)
    }

    let far = try acme.sales.get("/leads/\(leads[0])/relationships")
    _ = try acme.sales.post("/leads/\(leads[1])/deletion")
    let cut = try acme.sales.get("/leads/\(leads[0])/relationships")

    #expect(far.has("<title>Second</title>") && !far.has("<title>Third</title>"))
    #expect(!cut.has("<title>") || !cut.has("<title>Second</title>"))
    #expect(cut.shows("No relationship is noted yet."))
  }

  @Test func `a lead whom everybody knows is drawn up to a limit`() throws {
    let acme = try TestTenant.fresh()
    let hub = try lead(acme, "Hub")
    let sales = Operator(for: acme.id, standingInFor: acme.sales.user)
    try TestDatabase.open(as: .migrate).write(as: sales) { tx in
      tx.run(
        "friends",
        """
        with made as (
          insert into leads (tenant_id, id, title, created_by)
          select app.tenant(), gen_random_uuid(), 'Friend ' || i, \(acme.sales.user) from generate_series(1, 60) i
          returning id),
        steps as (
          insert into lead_stage_history (tenant_id, id, lead_id, to_stage, actor_id)
          select app.tenant(), gen_random_uuid(), id, 'new', \(acme.sales.user) from made),
        told as (
          insert into outbox_events (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, payload, dedupe_key)
          select app.tenant(), gen_random_uuid(), 'lead', id, 1, 'LeadCreated', '{}',
                 app.tenant() || ':LeadCreated.v1:' || id from made)
        insert into lead_relationships (tenant_id, id, lead_id, other_id, kind, created_by)
        select app.tenant(), gen_random_uuid(), \(hub)::uuid, id, 'colleague', \(acme.sales.user) from made
        """)
    }

    let page = try acme.sales.get("/leads/\(hub)/relationships")

    #expect(page.shows("There are more; the nearest 30 leads are drawn."))
    #expect(page.html.split(separator: "<rect ").count == 31)
    #expect(page.html.utf8.count < 60_000)
  }

  @Test func `the database keeps a relationship as it was noted`() throws {
    let acme = try TestTenant.fresh()
    _ = try relate(acme, try lead(acme, "One"), "family", try lead(acme, "Other"))

    for change: SQL in ["kind = 'colleague'", "other_id = lead_id", "note = 'x'"] {
      #expect(throws: PostgresError.self) {
        try TestDatabase.open(as: .web).write(as: acme.sales.session) { tx in
          tx.run("change", "update lead_relationships set \(change)")
        }
      }
    }
  }
}
