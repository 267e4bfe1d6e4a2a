import Postgres
import TestSupport
import Testing

@Suite struct `The people of a lead` {
  @Test func `several stand at a lead, one is primary, and another can take its place`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let added = try acme.sales.post(
      "/leads/\(lead)/contacts", ["first_name": "Paul", "email": "paul@fontaine.example"])
    let paul = try acme.contact(named: "Paul")
    let made = try acme.sales.post("/leads/\(lead)/contacts/\(paul)/primary")
    let page = try acme.sales.get("/leads/\(lead)")

    #expect(added.status == 303 && added.trips == 2)
    #expect(made.status == 303 && made.trips == 2)
    #expect(page.shows("Paul") && page.shows("Claire Fontaine"))
    #expect(try acme.contact(of: lead) == paul)
    #expect(try acme.count("leads", where: "contact_name = 'Paul'") == 1)
  }

  @Test func `a known person is found, and nobody stands there twice`() throws {
    let acme = try TestTenant.fresh()
    let first = try acme.lead(title: "One", email: "ada@example.com")
    let second = try acme.lead(title: "Two", email: "bob@example.com")

    let found = try acme.sales.post("/leads/\(second)/contacts", ["email": "ADA@example.com"])
    let again = try acme.sales.post("/leads/\(first)/contacts", ["email": "ada@example.com"])

    #expect(found.status == 303)
    #expect(again.status == 422)
    #expect(again.error(beside: "contacts-email") == "This person stands there already.")
    #expect(try acme.count("contacts") == 2)
    #expect(try acme.count("lead_contacts") == 3)
  }

  @Test func `a known person keeps their name, and what was not known is filled in and told`()
    throws
  {
    let acme = try TestTenant.fresh()
    let home = try acme.lead(title: "Home", email: "ada@example.com")
    let lead = try acme.lead(title: "Office", email: "bob@example.com")

    let added = try acme.sales.post(
      "/leads/\(lead)/contacts",
      ["first_name": "Typed", "email": "ada@example.com", "phone": "+33 6 12 34 56 78"])

    #expect(added.status == 303 && added.trips == 2)
    #expect(
      try acme.count("contacts", where: "phone = '+33612345678' and first_name = 'Claire'") == 1)
    #expect(
      try acme.count(
        "audit_log",
        where: "subject_id = \(lead)::uuid and field = 'contacts' and new = 'Claire Fontaine'") == 1
    )
    #expect(
      try acme.count("audit_log", where: "subject_id = \(home)::uuid and field = 'phone'") == 1)
  }

  @Test func `an address and a number of two people are refused, the form kept`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post(
      "/leads", ["title": "One", "last_name": "Ada", "email": "ada@example.com"])
    _ = try acme.sales.post(
      "/leads", ["title": "Two", "last_name": "Bob", "phone": "+33 6 12 34 56 78"])
    let lead = try acme.lead(title: "Three")

    let page = try acme.sales.post(
      "/leads/\(lead)/contacts", ["email": "ada@example.com", "phone": "+33 6 12 34 56 78"])

    #expect(page.status == 422)
    #expect(
      page.error(beside: "contacts-email")
        == "The address is one person’s and the number another’s.")
    #expect(page.typed("contacts-phone") == "+33 6 12 34 56 78")
    #expect(try acme.count("lead_contacts", where: "lead_id = \(lead)::uuid") == 1)
  }

  @Test func `another number than the one that is known is not dropped unsaid`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post(
      "/leads",
      ["title": "One", "email": "ada@example.com", "phone": "+33 6 12 34 56 78"])
    let lead = try acme.lead(title: "Two")

    let page = try acme.sales.post(
      "/leads/\(lead)/contacts", ["email": "ada@example.com", "phone": "+33 6 12 34 56 79"])

    #expect(page.status == 422)
    #expect(page.error(beside: "contacts-phone")?.contains("known with another number") == true)
  }

  @Test func `what a person is to a lead is said, changed, and stands on both pages`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Kitchen")
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts", ["first_name": "Paul", "role": "decision maker"])
    let paul = try acme.contact(named: "Paul")
    let shown = try acme.sales.get("/leads/\(lead)")

    let changed = try acme.sales.post(
      "/leads/\(lead)/contacts/\(paul)/role", ["was": "decision maker", "role": " pays "])
    let person = try acme.sales.get("/contacts/\(paul)")

    #expect(shown.shows("Paul decision maker"))
    #expect(changed.status == 303 && changed.trips == 2)
    #expect(person.shows("Kitchen pays · New"))
    #expect(
      try acme.count(
        "audit_log",
        where: "field = 'contacts' and old = 'Paul (decision maker)' and new = 'Paul (pays)'") == 1)
    #expect(try acme.sales.get("/leads/\(lead)").shows("The people of this lead changed."))
  }

  @Test func `a role that somebody else gave meanwhile is shown, not overwritten`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let path = try "/leads/\(lead)/contacts/\(acme.contact(of: lead))/role"
    _ = try acme.admin.post(path, ["was": "", "role": "user"])

    let page = try acme.sales.post(path, ["was": "", "role": "pays"])
    let again = try acme.sales.post(path, ["was": "user", "role": "pays"])
    let long = try acme.sales.post(
      path, ["was": "pays", "role": String(repeating: "x", count: 61)])

    #expect(page.status == 409)
    #expect(page.shows("Somebody was quicker: “user” is saved now."))
    #expect(page.has("value=\"pays\" maxlength=\"60\""))
    #expect(again.status == 303)
    #expect(long.status == 422)
    #expect(try acme.count("lead_contacts", where: "role = 'pays'") == 1)
  }

  @Test func `somebody of whom nothing is said is nobody`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let page = try acme.sales.post("/leads/\(lead)/contacts", ["first_name": " "])

    #expect(page.status == 422)
    #expect(
      page.error(beside: "contacts-last_name") == "Give at least a name, an address or a number.")
  }

  @Test func `one is taken off and stays a contact; the primary one is not`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/contacts", ["first_name": "Paul"])
    let paul = try acme.contact(named: "Paul")

    let primary = try acme.sales.post(
      "/leads/\(lead)/contacts/\(acme.contact(of: lead))/removal")
    let other = try acme.sales.post("/leads/\(lead)/contacts/\(paul)/removal")
    let stranger = try acme.sales.post("/leads/\(lead)/contacts/\(paul)/removal")

    #expect(primary.status == 409)
    #expect(other.status == 303)
    #expect(stranger.status == 404)
    #expect(try acme.count("contacts") == 2)
    #expect(try acme.count("lead_contacts") == 1)
  }
}

extension TestTenant {
  fileprivate func contact(named name: String) throws -> String {
    try look(
      Query(
        "contact",
        "select id::text from contacts where tenant_id = app.tenant() and first_name = \(name)",
        only: { try $0.next() }))
  }
}
