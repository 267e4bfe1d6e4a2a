import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Capturing a lead` {
  @Test(arguments: ["x@xn--bcher-kva.example", "x@bücher.example", "X@BÜCHER.example"])
  func `an address may be of any script`(typed: String) throws {
    let acme = try TestTenant.fresh()

    let lead = try acme.lead(email: typed)

    #expect(try acme.sales.get("/leads/\(lead)").shows("x@xn--bcher-kva.example"))
    #expect(try acme.count("contacts", where: "email = 'x@xn--bcher-kva.example'") == 1)
    #expect(try acme.count("leads", where: "contact_email = 'x@xn--bcher-kva.example'") == 1)
  }

  @Test func `its tags and the day it may close are typed with it`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.sales.post(
      "/leads",
      ["title": "Kitchen", "tags": "VIP, fair", "expected_close_date": "2031-03-01"]
    ).id
    let record = try acme.sales.get("/leads/\(lead)")
    let form = try acme.sales.get("/leads/\(lead)/edit")

    let saved = try acme.sales.post(
      "/leads/\(lead)",
      [
        "revision": form.hidden("revision") ?? "", "title": "Kitchen",
        "expected_close_date": "2031-04-02",
      ])
    let new = try acme.sales.get("/leads/new")

    #expect(record.shows("Expected close 1 March 2031") && record.shows("Tags vip fair"))
    #expect(record.trips == 1 && new.trips == 1)
    #expect(form.typed("expected_close_date") == "2031-03-01")
    #expect(saved.status == 303)
    #expect(
      try acme.count(
        "audit_log",
        where: "field = 'expected_close_date' and old = '2031-03-01' and new = '2031-04-02'") == 1)
    #expect(
      try acme.count(
        "leads", where: "tags = array['vip', 'fair'] and expected_close_date = '2031-04-02'") == 1)
    #expect(new.has("<option value=\"fair\">") && new.has("<option value=\"no_response\">"))
    #expect(record.has("<option value=\"vip, fair, no_response\">"))
  }

  @Test func `what is no tag and no day comes back as typed`() throws {
    let acme = try TestTenant.fresh()

    let page = try acme.sales.post(
      "/leads",
      ["title": "Kitchen", "tags": "semi;colon", "expected_close_date": "2031-02-30"])

    #expect(page.status == 422)
    #expect(page.typed("tags") == "semi;colon")
    #expect(page.error(beside: "expected_close_date") == "Choose a day.")
  }

  @Test func `without an owner it says who will get it`() throws {
    let acme = try TestTenant.fresh()
    let byHand = try acme.sales.get("/leads/new")
    _ = try acme.admin.settle(
      "/settings/assignment",
      [("strategy", "round_robin"), ("member", acme.sales.user.description)])

    let byRule = try acme.sales.get("/leads/new")

    #expect(byHand.has("<option value=\"\">Nobody yet</option>"))
    #expect(byRule.has("<option value=\"\">By the assignment rule</option>"))
  }

  @Test func `makes a lead with its person, history and event`() throws {
    let acme = try TestTenant.fresh()

    let answer = try acme.sales.post(
      "/leads",
      [
        "title": "New kitchen", "company": "Maison Fontaine", "first_name": "Claire",
        "last_name": "Fontaine", "email": "Claire@Fontaine.example", "estimated_value": "18 400.50",
        "currency": "EUR",
      ])
    let record = try acme.sales.follow(answer)

    #expect(answer.status == 303)
    #expect(record.heading == "New kitchen Maison Fontaine")
    #expect(record.shows("claire@fontaine.example"))
    #expect(record.shows("€18,400.50"))
    #expect(try acme.count("lead_stage_history", where: "to_stage = 'new'") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'LeadCreated'") == 1)
  }

  @Test(
    arguments: [
      ("KWD", "12.500", "KWD 12.500", "12.500", 12_500),
      ("JPY", "12 500", "JPY 12,500", "12500", 12_500),
    ])
  func `an amount keeps the decimals of the tenant's currency on every page`(
    code: String, typed: String, shown: String, again: String, stored: Int
  ) throws {
    let acme = try TestTenant.fresh(currency: code)

    let empty = try acme.sales.get("/leads/new")
    let answer = try acme.sales.press(
      "Add the lead", on: empty,
      filling: ["title": "Villa", "last_name": "Al Sabah", "estimated_value": typed])
    let record = try acme.sales.follow(answer)
    let lead = try #require(answer.location).split(separator: "?")[0]
    let edit = try acme.sales.get("\(lead)/edit")

    #expect(record.shows(shown))
    #expect(edit.typed("estimated_value") == again)
    #expect(try acme.count("leads", where: "estimated_value = \(stored)") == 1)
    #expect(try acme.sales.get("/leads").shows(shown))
    #expect(try acme.sales.get("/leads/board").shows(shown))
  }

  @Test func `what its currency cannot say is no amount, and the form says what is`() throws {
    let yen = try TestTenant.fresh(currency: "JPY")
    let dinar = try TestTenant.fresh(currency: "KWD")

    let whole = try yen.sales.press(
      "Add the lead", on: try yen.sales.get("/leads/new"),
      filling: ["title": "Villa", "estimated_value": "12.50"])
    let fils = try dinar.sales.press(
      "Add the lead", on: try dinar.sales.get("/leads/new"),
      filling: ["title": "Villa", "estimated_value": "12.5001"])

    #expect(whole.error(beside: "estimated_value") == "Write a whole amount like 1200.")
    #expect(fils.error(beside: "estimated_value") == "Write an amount like 1200 or 1200.500.")
    #expect(whole.typed("estimated_value") == "12.50")
  }

  @Test func `an invalid form comes back with every message and everything typed`() throws {
    let acme = try TestTenant.fresh()

    let page = try acme.sales.post(
      "/leads",
      [
        "title": "", "email": "ada(at)example", "estimated_value": "much", "currency": "EUR",
        "description": "two\nlines & <tags>",
      ])

    #expect(page.status == 422)
    #expect(page.error(beside: "title") == "Give the lead a title.")
    #expect(page.error(beside: "email") == "That does not look like an e-mail address.")
    #expect(page.error(beside: "estimated_value") == "Write an amount like 1200 or 1200.50.")
    #expect(page.typed("email") == "ada(at)example")
    #expect(page.typed("description") == "two\nlines & <tags>")
    #expect(try acme.count("leads") == 0)
  }

  @Test func `a number is read as dialled where the tenant is`() throws {
    let acme = try TestTenant.fresh(locale: "fr")
    let form = try acme.sales.get("/leads/new")

    _ = try acme.sales.post(
      "/leads",
      [
        "title": "One", "phone": "06 12 34 56 78",
        "phone_region": form.hidden("phone_region") ?? "",
      ])

    #expect(try acme.count("contacts", where: "phone = '+33612345678'") == 1)
  }

  @Test func `a person known by address is found among the contacts`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "One", "email": "ada@example.com"])

    _ = try acme.sales.post(
      "/leads",
      [
        "title": "Two", "email": "ADA@example.com", "last_name": "Lovelace", "duplicates": "anyway",
      ])

    #expect(try acme.count("contacts") == 1)
    #expect(try acme.count("leads", where: "contact_name = 'Lovelace'") == 2)
  }

  @Test func `the same form posted twice makes one lead`() throws {
    let acme = try TestTenant.fresh()
    let fields: KeyValuePairs = ["title": "Once", "email": "once@example.com"]

    let first = try acme.sales.post("/leads", fields, once: "0199-same")
    let second = try acme.sales.post("/leads", fields, once: "0199-same")

    #expect(second.status == 303)
    #expect(second.location == first.location)
    #expect(try acme.count("leads") == 1)
  }

  @Test func `two people who capture the same person at once both succeed`() async throws {
    let acme = try TestTenant.fresh()
    let tokens = [acme.sales, acme.admin].map { ($0.token, $0.user) }

    let statuses = try await withThrowingTaskGroup { group in
      for (token, user) in tokens {
        group.addTask {
          let browser = Browser(token: token, user: user)
          return try browser.post(
            "/leads", ["title": "Race", "email": "race@example.com", "duplicates": "anyway"]
          ).status
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }

    #expect(statuses == [303, 303])
    #expect(try acme.count("contacts", where: "email = 'race@example.com'") == 1)
    #expect(try acme.count("leads") == 2)
  }

  @Test func `leads that share a person can be edited at the same time`() async throws {
    let acme = try TestTenant.fresh()
    let shared = "shared@example.com"
    let leads = try ["One", "Two"].map { try acme.lead(title: $0, email: shared) }
    let (token, user) = (acme.sales.token, acme.sales.user)

    let statuses = try await withThrowingTaskGroup { group in
      for number in 1...24 {
        group.addTask {
          let browser = Browser(token: token, user: user)
          let lead = leads[number % 2]
          let revision = try browser.get("/leads/\(lead)/edit").hidden("revision") ?? ""
          return try browser.post(
            "/leads/\(lead)",
            [
              "title": "Edit \(number)", "email": shared, "last_name": "N\(number)",
              "revision": revision,
            ]
          ).status
        }
      }
      return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }

    #expect(statuses.isSubset(of: [303, 409]))
  }

  @Test func `capturing a known person again disturbs nobody who edits another of their leads`()
    throws
  {
    let acme = try TestTenant.fresh()
    let first = try acme.lead(title: "First", email: "ada@example.com")
    let seen = try acme.sales.get("/leads/\(first)/edit").hidden("revision") ?? ""

    _ = try acme.lead(title: "Second", email: "ada@example.com")
    let saved = try acme.sales.post(
      "/leads/\(first)",
      [
        "title": "First, edited", "first_name": "Claire", "last_name": "Fontaine",
        "email": "ada@example.com", "revision": seen,
      ])

    #expect(saved.status == 303)
  }

  @Test func `takes two round trips`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "Warm the statements", "email": "a@example.com"])

    let answer = try acme.sales.post("/leads", ["title": "Two", "email": "b@example.com"])

    #expect(answer.status == 303)
    #expect(answer.trips == 2)
  }

  @Test func `an address of one person and a number of another are told beside the field`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "One", "phone": "+33 6 12 34 56 78"])
    _ = try acme.sales.post("/leads", ["title": "Two", "email": "two@example.com"])

    let page = try acme.sales.post(
      "/leads",
      [
        "title": "Three", "email": "two@example.com", "phone": "+33612345678",
        "duplicates": "anyway",
      ])

    #expect(page.status == 422)
    #expect(page.error(beside: "email") == "The address is one person’s and the number another’s.")
    #expect(try acme.count("leads") == 2)
  }

  @Test func `what is typed of a known person is filled in on record, or refused, never dropped`()
    throws
  {
    let acme = try TestTenant.fresh()
    let first = try acme.sales.post("/leads", ["title": "One", "email": "ada@example.com"]).id
    func capture(phone: String) throws -> Page {
      try acme.sales.post(
        "/leads",
        ["title": "Two", "email": "ada@example.com", "phone": phone, "duplicates": "anyway"])
    }

    _ = try capture(phone: "+33 6 12 34 56 78")
    let other = try capture(phone: "+33 6 87 65 43 21")

    #expect(try acme.count("contacts", where: "phone = '+33612345678'") == 1)
    #expect(
      try acme.count(
        "audit_log",
        where:
          "action = 'contact_edited' and field = 'phone' and old is null and new = '+33612345678'"
      ) == 1)
    #expect(try acme.sales.get("/leads/\(first)").shows("Phone"))
    #expect(other.status == 422)
    #expect(
      other.error(beside: "phone")
        == "Who has this address is known with another number. Leave one out, or change it on their page."
    )
    #expect(try acme.count("leads") == 2)
  }
}
