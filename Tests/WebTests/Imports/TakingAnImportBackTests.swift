import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Taking an import back` {
  @Test(arguments: ["create", "update", "fill_blanks"])
  func `leaves what is current as it was before`(mode: String) throws {
    let acme = try tenantWithLeads()
    let before = try dump(acme)

    let place = try acme.importing(mixed, columns: columns, mode: mode)
    let between = try dump(acme)
    try acme.ask("undo", place)

    #expect(between != before)
    let after = try dump(acme)
    #expect(after == before)
    #expect(try acme.sales.get(place).shows("Taken back"))
  }

  @Test func `leaves a field that was edited since, and names it`() throws {
    let acme = try tenantWithLeads()
    let place = try acme.importing(mixed, columns: columns, mode: "update")
    try acme.change(
      "update leads set company = 'By hand' where tenant_id = app.tenant() and title = 'Known one'")
    try acme.change(
      "update leads set title = 'New one, edited' where tenant_id = app.tenant() and title = 'New one'"
    )

    try acme.ask("undo", place)
    let page = try acme.sales.get(place)

    #expect(page.shows("Edited since, so left as it is"))
    #expect(page.shows("Known one Company"))
    #expect(page.shows("New one, edited"))
    #expect(
      try acme.count(
        "leads", where: "title = 'Known one' and company = 'By hand' and contact_phone is null")
        == 1)
    #expect(try acme.count("leads", where: "title = 'New one, edited' and deleted_at is null") == 1)
    #expect(try acme.count("leads", where: "title = 'New two' and deleted_at is null") == 0)
  }

  @Test func `names a person who was merged into another since`() throws {
    let acme = try TestTenant.fresh()
    let stays = try acme.contact(of: try acme.lead(title: "One", email: "one@example.com"))
    let goes = try acme.contact(of: try acme.lead(title: "Two", email: "two@example.com"))
    let place = try acme.importing(
      "last,email\nImported,two@example.com\n", columns: ["last_name", "email"], mode: "update")
    let form = try acme.sales.get("/contacts/\(stays)/merge?with=\(goes)")
    _ = try acme.sales.post(
      "/contacts/\(stays)/merge",
      [
        "with": goes, "revision": form.hidden("revision") ?? "",
        "other_revision": form.hidden("other_revision") ?? "",
      ])

    try acme.ask("undo", place)

    #expect(try acme.sales.get(place).shows("Claire Imported"))
  }

  @Test func `leaves nobody without a name, an address and a number`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "Known", "email": "known@example.com"])
    let place = try acme.importing(
      "title,email,phone\nKnown,known@example.com,+33 6 12 34 56 78\n",
      columns: ["title", "email", "phone"], mode: "update")
    try acme.change("update contacts set email = null where tenant_id = app.tenant()")

    try acme.ask("undo", place)

    #expect(try acme.count("contacts", where: "phone = '+33612345678'") == 1)
    #expect(try acme.count("lead_imports", where: "state = 'undone'") == 1)
  }

  @Test func `gives a lead that is restored its people again`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.importing(
      "title,first,email\nKitchen,Ada,ada@example.com\n", columns: ["title", "first_name", "email"])
    try acme.ask("undo", place)
    let lead = try acme.look(
      Query(
        "lead", "select id from leads where tenant_id = app.tenant()",
        only: { try $0.next(ID<Lead>.self) }))

    _ = try acme.sales.post("/leads/\(lead)/restoration")

    #expect(try acme.count("leads", where: "deleted_at is null and contact_name = 'Ada'") == 1)
    #expect(try acme.count("contacts", where: "deleted_at is null") == 1)
  }

  @Test func `tells it in the histories`() throws {
    let acme = try tenantWithLeads()
    let place = try acme.importing(mixed, columns: columns, mode: "update")

    try acme.ask("undo", place)

    #expect(try acme.count("outbox_events", where: "type = 'LeadDeleted'") == 2)
    #expect(try acme.count("audit_log", where: "action = 'deleted' and new = 'deleted'") == 2)
    #expect(
      try acme.count("audit_log", where: "field = 'company' and old = 'From file' and new is null")
        == 1)
    #expect(try acme.count("operations", where: "undone_by = \(acme.sales.user)") == 1)
    #expect(try acme.count("audit_log", where: "field = 'tags' and old = 'vip' and new = ''") == 1)
    #expect(try acme.sales.get("/notifications").shows("Your import was taken back: leads.csv"))
  }

  @Test func `happens once, and on its own page only`() throws {
    let acme = try tenantWithLeads()
    let place = try acme.importing(mixed, columns: columns)
    let operation: String = try acme.look(
      Query(
        "operation", "select id::text from operations where tenant_id = app.tenant()",
        only: { try $0.next() }))

    let page = try acme.sales.get("/operations/\(operation)")
    #expect(page.place == place)
    _ = try acme.sales.post("/operations/\(operation)/undo")
    #expect(try acme.count("leads", where: "deleted_at is not null") == 0)
    try acme.ask("undo", place)
    try acme.ask("undo", place)

    #expect(try acme.count("outbox_events", where: "type = 'LeadDeleted'") == 2)
  }

  private let columns = ["title", "company", "first_name", "email", "phone", "tags"]
  private let mixed = """
    Title,Company,First,Mail,Phone,Tags
    New one,Nova,Nina,nina@example.com,,vip
    Known one,From file,Clara,claire@fontaine.example,+33 6 12 34 56 78,vip
    New two,Nova,,,+33 6 99 99 99 99,
    Bad,,,nonsense,,
    Second of hers,,Hers,second@example.com,,
    """

  private func tenantWithLeads() throws -> TestTenant {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "Known one")
    _ = try acme.sales.post(
      "/leads",
      ["title": "Second", "company": "Old", "email": "second@example.com", "first_name": "She"])
    return acme
  }

  /// The live rows of the tables that say how things stand, without counters and clocks.
  private func dump(_ tenant: TestTenant) throws -> [String] {
    try tenant.look(
      Query(
        "dump",
        """
        select 'lead ' || (to_jsonb(l) - array['revision', 'event_seq', 'updated_at', 'last_activity_at'])::text
          from leads l where tenant_id = app.tenant() and deleted_at is null
        union all
        select 'contact ' || (to_jsonb(c) - array['updated_at'])::text from contacts c where tenant_id = app.tenant() and deleted_at is null
        union all
        select 'link ' || to_jsonb(lc)::text from lead_contacts lc
          join leads l on l.tenant_id = lc.tenant_id and l.id = lc.lead_id
          join contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
         where lc.tenant_id = app.tenant() and l.deleted_at is null and c.deleted_at is null
        order by 1
        """, all: { try $0.next(String.self) }))
  }
}
