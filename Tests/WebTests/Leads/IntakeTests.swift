import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `A lead that comes in` {
  @Test func `the person a lead was found by is named, not its primary one`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Kitchen")
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts", ["last_name": "Paulsen", "email": "paul@fontaine.example"])

    let page = try acme.sales.post(
      "/leads",
      ["title": "Bath", "first_name": "P.", "last_name": "P", "email": "paul@fontaine.example"])

    #expect(page.status == 409)
    #expect(page.shows("the same person · Paulsen · New"))
    #expect(page.shows("Add a new lead for Paulsen"))
    #expect(page.shows("This person is known as Paulsen. That stays;"))
    #expect(!page.shows("Claire"))
    #expect(page.typed("last_name") == "P")
  }

  @Test func `of a person we know is shown with what we have, before it is saved`() throws {
    let acme = try TestTenant.fresh()
    let known = try acme.lead(title: "First")
    let fields = [("title", "Second"), ("email", "claire@fontaine.example"), ("last_name", "F")]

    let page = try acme.sales.postPairs("/leads", fields)
    #expect(page.status == 409)
    #expect(page.shows("You may have this lead already"))
    #expect(page.link("First") == "/leads/\(known)")
    #expect(page.shows("Add a new lead for Claire Fontaine"))
    #expect(page.typed("title") == "Second")
    #expect(try acme.count("leads") == 1)

    let added = try acme.sales.postPairs("/leads", fields + [("duplicates", "anyway")])
    #expect(added.status == 303)
    #expect(try acme.count("leads") == 2)
    #expect(try acme.count("contacts") == 1)
  }

  @Test(
    arguments: [
      (["first_name": "Clare", "last_name": "Fontaine", "company": "Maison Fontaine SARL"], true),
      (["first_name": "Claire", "last_name": "Fontaine", "company": "Bricks and Sons"], false),
      (["first_name": "Peter", "last_name": "Miller", "company": "Maison Fontaine"], false),
    ] as [([String: String], Bool)])
  func `of a similar name at a similar company may be the same`(
    person: [String: String], isSimilar: Bool
  ) throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post(
      "/leads",
      [
        "title": "First", "first_name": "Claire", "last_name": "Fontaine",
        "company": "Maison Fontaine",
      ])

    let page = try acme.sales.postPairs(
      "/leads", [("title", "Second")] + person.map { ($0.key, $0.value) })

    #expect(page.status == (isSimilar ? 409 : 303))
    #expect(page.shows("Create it anyway") == isSimilar)
  }

  @Test(
    arguments: [
      ("", "We are looking for a new kitchen and would like to have an offer.", "en"),
      ("", "Bonjour, nous cherchons une cuisine pour notre maison, merci.", "fr"),
      ("", "Wir suchen eine neue Küche für unser Haus.", nil), ("", "", nil),
      ("fr", "We are looking for the best of your kitchens.", "fr"),
    ] as [(String, String, String?)])
  func `has the language that is given, or that of what was written`(
    given: String, words: String, language: String?
  ) throws {
    let acme = try TestTenant.fresh()

    _ = try acme.sales.post("/leads", ["title": "X", "language": given, "message": words])

    #expect(try acme.count("leads", where: "language is not distinct from \(language)") == 1)
  }

  @Test func `begins a conversation with what was written`() throws {
    let acme = try TestTenant.fresh()

    let answer = try acme.sales.post(
      "/leads", ["title": "X", "message": "Hello,\r\nthe tap drips."])

    #expect(answer.trips == 2)
    #expect(try acme.count("threads", where: "awaiting_reply and channel = 'form'") == 1)
    #expect(
      try acme.count("messages", where: "role = 'lead' and content like '%the tap drips.'") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'MessageReceived'") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'LeadCreated'") == 1)
    #expect(try acme.sales.follow(answer).shows("Wrote to us."))
  }
}

@Suite struct `How leads are given out` {
  @Test func `is settled by an admin, person by person and source by source`() throws {
    let acme = try TestTenant.fresh()
    let (sales, admin) = (acme.sales.user.description, acme.admin.user.description)

    let saved = try acme.admin.settle(
      "/settings/assignment",
      [
        ("strategy", "by_source"), ("member", sales), ("sources_\(admin)", "Fair, e-mail"),
        ("sources_\(sales)", ""),
      ])
    let page = try acme.admin.follow(saved)
    _ = try acme.sales.post("/leads", ["title": "From the fair", "source": "fair"])

    #expect(page.trips == 1)
    #expect(page.has("<option value=\"by_source\" selected>"))
    #expect(page.has("value=\"e-mail, fair\""))
    #expect(try acme.count("leads", where: "owner_id = \(acme.admin.user)") == 1)
    #expect(try acme.sales.get("/settings/assignment").status == 403)
  }

  @Test func `a source with two people, and turns for nobody, are told`() throws {
    let acme = try TestTenant.fresh()
    let (sales, admin) = (acme.sales.user.description, acme.admin.user.description)

    let twice = try acme.admin.settle(
      "/settings/assignment",
      [("strategy", "manual"), ("sources_\(admin)", "fair"), ("sources_\(sales)", "FAIR")])
    let nobody = try acme.admin.settle("/settings/assignment", [("strategy", "round_robin")])

    #expect(twice.status == 422)
    #expect(twice.error(beside: "members") == "The source “fair” stands with two people.")
    #expect(nobody.error(beside: "members") == "Choose at least one person.")
    #expect(try acme.count("tenant_settings", where: "key = 'assignment'") == 0)
  }

  @Test(
    arguments: [
      ("round_robin", "whose turn it was.", "in turn"),
      ("least_loaded", "who had the fewest open leads: 0.", "fewest open leads: 0"),
      ("by_source", "who takes the leads from “fair”.", "by the source “fair”"),
    ])
  func `the timeline and the history say to whom and how`(
    strategy: String, sentence: String, cause: String
  ) throws {
    let acme = try TestTenant.fresh()
    let admin = acme.admin.user.description
    _ = try acme.admin.settle(
      "/settings/assignment",
      [("strategy", strategy), ("member", admin), ("sources_\(admin)", "fair")])

    let answer = try acme.sales.post("/leads", ["title": "X", "source": "fair"])
    let timeline = try acme.sales.follow(answer)
    let history = try acme.sales.get("/leads/\(answer.id)/history")

    #expect(answer.trips == 2)
    #expect(timeline.shows("Given to Ada Admin, \(sentence) History Sam Sales"))
    #expect(history.shows("Owner: Ada Admin \(cause) · Sam Sales"))
    #expect(try acme.count("outbox_events", where: "type = 'LeadAssigned'") == 1)
    #expect(try acme.count("audit_log", where: "action = 'lead_assigned'") == 1)
    #expect(try acme.admin.get("/notifications").shows("Sam Sales gave you a lead: X"))
  }

  @Test func `one lead is given by hand, with a reason`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let given = try acme.sales.post(
      "/leads/\(lead)/assignment", ["owner": acme.admin.user.description, "reason": "knows them"])
    let again = try acme.sales.post(
      "/leads/\(lead)/assignment", ["owner": acme.admin.user.description])

    #expect(given.status == 303 && given.trips == 2)
    #expect(again.error(beside: "assignment-owner") == "The lead is theirs already.")
    #expect(
      try acme.count("lead_assignments", where: "strategy = 'manual' and reason = 'knows them'")
        == 1)
    #expect(try acme.admin.get("/notifications").shows("Sam Sales"))
  }
}

@Suite struct `A lead without a named owner` {
  private func setting(_ json: String, in acme: TestTenant) throws {
    try acme.change(
      "insert into tenant_settings (tenant_id, key, value) values (app.tenant(), 'assignment', \(json)::jsonb)"
    )
  }

  private func owners(_ acme: TestTenant, sources: [String]) throws -> [String] {
    for (number, source) in sources.enumerated() {
      _ = try acme.sales.post("/leads", ["title": "L\(number)", "source": source])
    }
    return try acme.look(
      .init(
        "owners",
        "select coalesce(m.display_name, '-') from leads l left join memberships m on m.tenant_id = l.tenant_id and m.user_id = l.owner_id where l.tenant_id = app.tenant() order by l.id",
        all: { try $0.next() }))
  }

  @Test func `stays without one where that is done by hand`() throws {
    let acme = try TestTenant.fresh()

    #expect(try owners(acme, sources: ["a"]) == ["-"])
    #expect(try acme.sales.get("/leads?owner=nobody").leadTitles == ["L0"])
  }

  @Test func `goes to the next in turn`() throws {
    let acme = try TestTenant.fresh()
    let members = [acme.sales.user, acme.admin.user].map { "\"\($0)\"" }.joined(separator: ",")
    try setting(#"{"strategy": "round_robin", "members": [\#(members)], "sources": {}}"#, in: acme)

    #expect(
      try owners(acme, sources: ["", "", "", ""])
        == ["Sam Sales", "Ada Admin", "Sam Sales", "Ada Admin"])
    #expect(try acme.count("lead_assignments", where: "strategy = 'round_robin'") == 4)
  }

  @Test func `goes to who has the fewest open leads`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "Old", "owner": acme.sales.user.description])
    let members = [acme.sales.user, acme.admin.user].map { "\"\($0)\"" }.joined(separator: ",")
    try setting(#"{"strategy": "least_loaded", "members": [\#(members)], "sources": {}}"#, in: acme)

    #expect(
      try owners(acme, sources: ["", ""]) == ["Sam Sales", "Ada Admin", "Sam Sales"])
    #expect(
      try acme.count("lead_assignments", where: "strategy = 'least_loaded' and reason = '0'") == 1)
  }

  @Test func `goes to who has the fewest, tests aside`() throws {
    let acme = try TestTenant.fresh()
    let test = try acme.sales.post(
      "/leads", ["title": "Try", "owner": acme.sales.user.description]
    ).id
    _ = try acme.sales.post("/leads/\(test)/test-mark")
    let members = [acme.sales.user, acme.admin.user].map { "\"\($0)\"" }.joined(separator: ",")
    try setting(#"{"strategy": "least_loaded", "members": [\#(members)], "sources": {}}"#, in: acme)

    #expect(try owners(acme, sources: [""]) == ["Sam Sales", "Sam Sales"])
  }

  @Test func `goes to who has its source, else in turn`() throws {
    let acme = try TestTenant.fresh()
    try setting(
      #"{"strategy": "by_source", "members": ["\#(acme.sales.user)"], "sources": {"fair": "\#(acme.admin.user)"}}"#,
      in: acme)

    #expect(try owners(acme, sources: ["Fair", "web"]) == ["Ada Admin", "Sam Sales"])
    #expect(
      try acme.count("lead_assignments", where: "strategy = 'by_source' and reason = 'Fair'") == 1)
  }
}
