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
