import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Finding a lead` {
  @Test func `the list is newest first, a page at a time, in one round trip`() throws {
    let acme = try TestTenant.fresh()
    try acme.manyLeads(120)

    let first = try acme.sales.get("/leads")
    let second = try acme.sales.get(try #require(first.link("Next page")))
    let third = try acme.sales.get(try #require(second.link("Next page")))

    #expect(first.trips == 1)
    #expect(first.leadTitles.first == "Lead 120" && first.leadTitles.last == "Lead 71")
    #expect(second.leadTitles.first == "Lead 70" && second.leadTitles.last == "Lead 21")
    #expect(third.leadTitles.last == "Lead 1")
    #expect(third.link("Next page") == nil)
    #expect(third.link("First page") == "/leads")
  }

  @Test(arguments: ["fontaine", "CLAIRE", "claire@font", "kitch", "maison"])
  func `search finds a part of title, company, name or address`(words: String) throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post(
      "/leads",
      [
        "title": "New kitchen", "company": "Maison Fontaine", "first_name": "Claire",
        "last_name": "Fontaine", "email": "claire@fontaine.example",
      ])
    _ = try acme.sales.post("/leads", ["title": "Something else"])

    let page = try acme.sales.get("/leads?q=\(words)")

    #expect(page.leadTitles == ["New kitchen"])
    #expect(page.trips == 1)
  }

  @Test(arguments: ["fontiane", "kitchn", "clare fontane"])
  func `a slip of the finger still finds the most similar`(words: String) throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "New kitchen")
    _ = try acme.sales.post("/leads", ["title": "Garden wall"])

    let page = try acme.sales.get("/leads?q=\(words.replacing(" ", with: "+"))")

    #expect(page.leadTitles == ["New kitchen"])
    #expect(page.shows("No lead has these words. The most similar ones are shown."))
  }

  @Test(arguments: [
    "06 12 34 56 78", "+33612345678", "612345678", "06.12.34", "elodie", "%C3%89LODIE dupr%C3%A9",
    "+33 (0)6 12", "+33 ( 0 ) 6.12.34.56.78", "(06) 12 34 56 78", "0033 6 12 34 56 78",
  ])
  func `numbers are found however written, names without their accents`(words: String) throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post(
      "/leads",
      ["title": "One", "first_name": "Élodie", "last_name": "Dupré", "phone": "+33 6 12 34 56 78"])
    _ = try acme.sales.post("/leads", ["title": "Two", "phone": "+33 6 98 76 54 32"])

    let page = try acme.sales.get(
      "/leads?q=\(words.replacing(" ", with: "+").replacing("+3", with: "%2B3"))")

    #expect(page.leadTitles == ["One"])
  }

  @Test(
    arguments: [
      ("title", ["Alpha", "beta", "Écluse", "Zoo"]),
      ("-title", ["Zoo", "Écluse", "beta", "Alpha"]),
      ("-value", ["Zoo", "Alpha", "beta", "Écluse"]),
      ("created", ["Zoo", "Alpha", "Écluse", "beta"]),
    ] as [(String, [String])])
  func `the list is sorted by what is asked, page by page`(order: String, titles: [String]) throws {
    let acme = try TestTenant.fresh()
    for (title, value) in [("Zoo", "300"), ("Alpha", "200"), ("Écluse", ""), ("beta", "100")] {
      _ = try acme.sales.post(
        "/leads", ["title": title, "estimated_value": value, "currency": "EUR"])
    }
    let list = try acme.sales.get("/leads?sort=\(order)")
    #expect(list.leadTitles == titles)

    // The same order, from behind each row on.
    for (position, title) in titles.enumerated() {
      let id: String = try acme.look(
        Query(
          "id", "select id::text from leads where tenant_id = app.tenant() and title = \(title)",
          only: { try $0.next() }))
      let rest = try acme.sales.get("/leads?sort=\(order)&after=\(id)")
      #expect(rest.leadTitles == Array(titles[(position + 1)...]))
    }
  }

  @Test func `a page has as many rows as wanted, and the next goes on`() throws {
    let acme = try TestTenant.fresh()
    try acme.manyLeads(60)

    let first = try acme.sales.get("/leads?size=25&sort=title")
    let second = try acme.sales.get(try #require(first.link("Next page")))
    let all = try acme.sales.get("/leads?size=100")

    #expect(first.leadTitles.count == 25)
    #expect(Set(first.leadTitles).isDisjoint(with: second.leadTitles))
    #expect(all.leadTitles.count == 60)
    #expect(all.link("Next page") == nil)
  }

  @Test func `the list goes into a file that runs nothing`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "=HYPERLINK(\"x\")", "company": "A, \"B\""])
    _ = try acme.sales.post("/leads", ["title": "Other"])

    let file = try acme.sales.get("/leads.csv?sort=title")

    // Who asks and for which list; the rows, up to 200 at a trip; the end.
    #expect(file.trips == 3)
    #expect(file.header("content-type") == "text/csv; charset=utf-8")
    #expect(file.html.contains(",\"'=HYPERLINK(\"\"x\"\")\",\"A, \"\"B\"\"\","))
    #expect(file.html.split(separator: "\r\n").count == 3)
  }

  @Test func `signs of the pattern language stand for themselves`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "100% oak"])
    _ = try acme.sales.post("/leads", ["title": "1000 oaks"])

    #expect(try acme.sales.get("/leads?q=100%25").leadTitles == ["100% oak"])
    #expect(try acme.sales.get("/leads?q=_").leadTitles == [])
    #expect(try acme.sales.get("/leads?q=%5C").leadTitles == [])
  }

  @Test func `the stage filter and the search stay in the address`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Moved one")
    _ = try acme.lead(title: "Still new", email: "b@example.com")
    _ = try acme.sales.post("/leads/\(lead)/stage", ["stage": "discovery"])

    let page = try acme.sales.get("/leads?stage=discovery&q=one")

    #expect(page.leadTitles == ["Moved one"])
    #expect(page.has("href=\"/leads?q=one&amp;stage=new\""))
  }

  @Test(
    arguments: [
      ("stage=discovery", ["Moved"]), ("outcome=won", ["Won"]), ("status=engaged", ["Engaged"]),
      ("tag=vip", ["Tagged"]), ("tag=VIP", ["Tagged"]), ("source=Fair", ["Sourced"]),
      ("owner=nobody", ["Unowned"]), ("life=archived", ["Put away"]), ("tier=hot", ["Hot"]),
      ("to=2020-01-01", []), ("outcome=won&q=nothing", []), ("q=tag&tag=vip", ["Tagged"]),
      ("source=FAIR", ["Sourced"]), ("client=maison++C", ["Won"]), ("client=nobody", []),
      ("paused=yes", ["Taken"]), ("suppressed=yes", ["Stopped"]), ("test=yes", ["Try"]),
      ("followup=due", ["Due"]), ("followup=planned", ["Later", "Due"]), ("idle=30", ["Idle"]),
      ("close_from=2030-01-01&close_to=2030-01-31", ["Closing"]), ("language=fr", ["French"]),
      (
        "test=no&paused=no&suppressed=no&followup=none&language=unknown&q=plain",
        ["Plain"]
      ),
    ] as [(String, [String])])
  func `each axis narrows the list`(query: String, titles: [String]) throws {
    let acme = try TestTenant.fresh()
    let owner = acme.sales.user.description
    func lead(_ title: String, source: String = "", owner: String) throws -> String {
      try acme.sales.post("/leads", ["title": title, "source": source, "owner": owner]).id
    }
    _ = try acme.sales.post(
      "/leads/\(lead("Moved", owner: owner))/stage", ["stage": "discovery"])
    _ = try acme.sales.post(
      "/leads/\(lead("Won", owner: owner))/outcome", ["outcome": "won", "client": "Maison C"])
    _ = try acme.sales.post(
      "/leads/\(lead("Engaged", owner: owner))/contact-status", ["contact_status": "engaged"])
    _ = try acme.sales.post("/leads/\(lead("Tagged", owner: owner))/tags", ["tags": "vip"])
    _ = try lead("Sourced", source: "Fair", owner: owner)
    _ = try lead("Unowned", owner: "")
    _ = try acme.sales.post("/leads/\(lead("Put away", owner: owner))/archive")
    let hot = try lead("Hot", owner: owner)
    try acme.change("update leads set score = 90 where id = \(hot)::uuid")
    _ = try acme.sales.post("/leads/\(lead("Taken", owner: owner))/take-over", ["reason": "mine"])
    _ = try acme.sales.post("/leads/\(lead("Stopped", owner: owner))/suppression", ["reason": "x"])
    _ = try acme.sales.post("/leads/\(lead("Try", owner: owner))/test-mark")
    _ = try acme.sales.post("/leads/\(lead("Due", owner: owner))/follow-up", ["day": "2020-01-01"])
    _ = try acme.sales.post(
      "/leads/\(lead("Later", owner: owner))/follow-up", ["day": "2099-01-01"])
    let (idle, closing, french) = (
      try lead("Idle", owner: owner), try lead("Closing", owner: owner),
      try lead("French", owner: owner)
    )
    _ = try lead("Plain", owner: owner)
    try acme.change(
      """
      update leads set last_activity_at = case when id = \(idle)::uuid then now() - interval '31 days' else last_activity_at end,
                       expected_close_date = case when id = \(closing)::uuid then '2030-01-15'::date end,
                       language = case when id = \(french)::uuid then 'fr' end
      where id in (\(idle)::uuid, \(closing)::uuid, \(french)::uuid)
      """)

    let page = try acme.sales.get("/leads?\(query)")

    #expect(page.leadTitles == titles)
    #expect(page.trips == 1)
  }

  @Test(arguments: [
    ("", ["Open"]), ("outcome=open", ["Open"]), ("outcome=won", ["Won"]),
    ("outcome=any", ["Lost", "Won", "Open"]), ("q=kitchen", ["Open"]),
    ("q=kitchen&outcome=any", ["Lost", "Won", "Open"]), ("stage=new", ["Open"]),
    ("tag=k", ["Open"]),
    ("sort=title", ["Open"]), ("client=fontaine", ["Won"]), ("life=archived", ["Lost, put away"]),
    ("life=archived&outcome=open", []),
  ])
  func
    `the list, its file, a segment and a change of all of it hold open leads unless others are asked for`(
      query: String, titles: [String]
    ) throws
  {
    let acme = try TestTenant.fresh()
    func lead(_ title: String) throws -> String {
      try acme.sales.post("/leads", ["title": title, "company": "Kitchen", "tags": "k"]).id
    }
    _ = try lead("Open")
    _ = try acme.sales.post(
      "/leads/\(lead("Won"))/outcome", ["outcome": "won", "client": "Fontaine"])
    for title in ["Lost", "Lost, put away"] {
      let id = try lead(title)
      _ = try acme.sales.post("/leads/\(id)/outcome", ["outcome": "lost", "reason": "Price"])
      if title != "Lost" { _ = try acme.sales.post("/leads/\(id)/archive") }
    }

    let page = try acme.sales.get("/leads?\(query)")
    let csv = try acme.sales.get("/leads.csv?\(query)").html
    let bulk = try acme.sales.get("/leads/bulk?all=1&\(query)")

    #expect(page.leadTitles == titles)
    #expect(csv.utf8.split(separator: 10).count == 1 + titles.count)
    #expect(
      titles.isEmpty || bulk.shows("\(titles.count) lead"))
  }

  @Test func `without a lead today says that there is none, and not that all had an e-mail`() throws
  {
    let acme = try TestTenant.fresh()

    let empty = try acme.sales.get("/today")
    let lead = try acme.lead(title: "Kitchen")
    _ = try acme.sales.post("/leads/\(lead)/stage", ["stage": "discovery"])
    let under = try acme.sales.get("/today")
    _ = try acme.sales.post("/leads/\(lead)/outcome", ["outcome": "lost", "reason": "Price"])
    let over = try acme.sales.get("/today")

    #expect(empty.shows("You have no open leads") && empty.link("New lead") == "/leads/new")
    #expect(under.shows("You have no open draft, and no new lead waits for its first e-mail."))
    #expect(over.shows("You have no open leads"))
    #expect(empty.trips == 1)
  }

  @Test func `the open ones alone are told, and the others are one step away`() throws {
    let acme = try TestTenant.fresh()
    let won = try acme.lead(title: "Won kitchen")
    _ = try acme.sales.post("/leads/\(won)/outcome", ["outcome": "won", "client": "Fontaine"])

    let page = try acme.sales.get("/leads?q=kitchen")
    let others = try acme.sales.get(
      try #require(page.link("Look among won and lost leads, too")))

    #expect(page.shows("No open lead has this search"))
    #expect(others.leadTitles == ["Won kitchen"])
    #expect(others.shows("Any outcome"))
  }

  @Test func `the form suggests the sources and clients there are, each once`() throws {
    let acme = try TestTenant.fresh()
    for source in ["Fair", "fair", "Éclair", ""] {
      _ = try acme.sales.post("/leads", ["title": "L", "source": source])
    }
    _ = try acme.sales.post(
      "/leads/\(try acme.lead())/outcome", ["outcome": "won", "client": "Maison C"])
    let other = try TestTenant.fresh()
    _ = try other.sales.post("/leads", ["title": "L", "source": "theirs"])

    let form = try acme.sales.get("/leads?filters=open")

    #expect(form.trips == 1)
    #expect(form.html.split(separator: "<option value=\"fair\">").count == 2)
    #expect(form.has("<option value=\"Éclair\">") && form.has("<option value=\"Maison C\">"))
    #expect(!form.has("theirs") && !form.has("<option value=\"Fair\">"))
  }

  @Test(arguments: [
    ("claire fontaine library", ["Kitchen", "Library"]),  // Two of three words are more than one.
    ("claire libary", ["Library"]), ("fontaine zzyzx", ["Kitchen"]),
  ])
  func `words that no lead has together find the leads that have most of them`(
    words: String, titles: [String]
  ) throws {
    let acme = try TestTenant.fresh()
    for (title, person) in [
      ("Stairs", "Mercier"), ("Library", "Dubois"), ("Kitchen", "Fontaine"),
    ] {
      _ = try acme.sales.post(
        "/leads", ["title": title, "first_name": "Claire", "last_name": person])
    }

    let page = try acme.sales.get(
      "/leads?q=\(words.replacing(" ", with: "+"))")

    #expect(page.leadTitles.prefix(titles.count).sorted() == titles)
    #expect(page.trips == 1)
  }

  @Test(arguments: ["+33 6 12 34 57 99", "0612345798", "1234577"])
  func `a number that nobody has finds nobody`(number: String) throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "Kitchen", "phone": "+33 6 12 34 56 99"])

    let page = try acme.sales.get(
      "/leads?q=\(number.replacing(" ", with: "%20").replacing("+", with: "%2B"))")

    #expect(page.shows("No lead matches"))
    #expect(!page.shows("Kitchen"))
  }

  @Test func `similar leads are neither counted nor changed together`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "New kitchen")

    let page = try acme.sales.get("/leads?q=kitchn")
    let bulk = try acme.sales.get("/leads/bulk?all=1&q=kitchn")

    #expect(page.leadTitles == ["New kitchen"])
    #expect(page.heading == "Leads" && !page.shows("Change all of this list"))
    #expect(bulk.shows("No lead is chosen"))
  }

  @Test func `a lead is found by any of its people`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "One")
    _ = try acme.lead(title: "Two", email: "two@example.com")
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts",
      [
        "first_name": "Paul", "last_name": "Durand", "email": "paul@second.example",
        "phone": "+33 6 98 76 54 32",
      ])
    let second: String = try acme.look(
      Query(
        "second",
        "select id::text from contacts where tenant_id = app.tenant() and last_name = 'Durand'",
        only: { try $0.next() }))
    for words in ["paul@second.example", "durand", "06+98+76+54+32"] {
      #expect(try acme.sales.get("/leads?q=\(words)").leadTitles == ["One"])
    }

    let person = try acme.sales.get("/contacts/\(second)")
    _ = try acme.sales.post(
      "/contacts/\(second)",
      [
        "version": person.hidden("version") ?? "", "last_name": "Lenoir",
        "email": "paul@third.example",
      ])
    #expect(try acme.sales.get("/leads?q=third.example").leadTitles == ["One"])
    #expect(try acme.sales.get("/leads?q=paul+second").shows("No lead has these words."))

    _ = try acme.sales.post("/leads/\(lead)/contacts/\(second)/primary")
    #expect(try acme.sales.get("/leads?q=claire+lenoir").leadTitles == ["One"])
    let claire: String = try acme.look(
      Query(
        "claire",
        "select contact_id::text from lead_contacts where lead_id = \(lead)::uuid and not is_primary",
        only: { try $0.next() }))
    _ = try acme.sales.post("/leads/\(lead)/contacts/\(claire)/removal")
    #expect(try acme.sales.get("/leads?q=claire").leadTitles == ["Two"])
  }

  @Test func `an edit goes on when somebody else joins the lead meanwhile`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "One")
    let form = try acme.sales.get("/leads/\(lead)/edit")
    _ = try acme.sales.post("/leads/\(lead)/contacts", ["last_name": "Durand"])

    let saved = try acme.sales.post(
      "/leads/\(lead)",
      [
        "title": "Edited", "first_name": "Claire", "last_name": "Fontaine",
        "email": "claire@fontaine.example", "revision": form.hidden("revision") ?? "",
      ])

    #expect(saved.status == 303)
  }

  @Test(arguments: [
    "stage=bogus", "outcome=maybe", "status=x", "tier=nonsense", "owner=somebody",
    "from=2026-13-45", "to=soon",
    "followup=x", "idle=0", "idle=99999", "idle=ten", "close_from=x", "close_to=x", "language=xx",
    "paused=maybe",
    "suppressed=1", "test=x", "life=gone", "tag=%2C", "q=one&stage=bogus",
  ])
  func `a filter that means nothing is no list of all leads`(query: String) throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")

    for path in ["/leads?", "/leads.csv?", "/leads/bulk?all=1&", "/leads/board?", "/segments/new?"]
    {
      let page = try acme.sales.get(path + query)

      #expect(page.status == 400, "\(path)")
      #expect(page.shows("This list cannot be read") && !page.has("One"), "\(path)")
    }
    let bulk = try acme.sales.post(
      "/leads/bulk", ["selection": "all=1&\(query)", "seen": "", "action": "archive"])
    #expect(bulk.status == 400)
    #expect(try acme.count("leads", where: "archived_at is not null") == 0)
  }

  @Test func `filters stay in the address, show as chips, and are counted`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")

    let page = try acme.sales.get(
      "/leads?q=one&owner=nobody&from=2020-02-29&life=active&tier=")

    #expect(page.leadTitles == ["One"])
    #expect(page.has("<span class=\"total\">1</span>"))
    #expect(page.has("href=\"/leads?q=one&amp;from=2020-02-29\""))
    #expect(page.has("name=\"owner\" value=\"nobody\""))
    #expect(page.has("href=\"/leads?q=one&amp;stage=new&amp;owner=nobody&amp;from=2020-02-29\""))
  }

  @Test func `the form for filters has its own address and keeps what is chosen`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")

    let closed = try acme.sales.get("/leads?outcome=open")
    let form = try acme.sales.get(try #require(closed.link("More filters")))

    #expect(!closed.has("id=\"filter-owner\""))
    #expect(form.has("<option value=\"\" selected>Open</option>"))
    #expect(form.has("<option value=\"\(acme.admin.user)\">Ada Admin</option>"))
    #expect(form.leadTitles == ["One"])
  }

  @Test func `a narrowed list is paged like any other`() throws {
    let acme = try TestTenant.fresh()
    try acme.manyLeads(120)

    let first = try acme.sales.get("/leads?stage=new")
    let second = try acme.sales.get(try #require(first.link("Next page")))

    #expect(first.leadTitles.count == 50 && second.leadTitles.count == 50)
    #expect(Set(first.leadTitles).isDisjoint(with: second.leadTitles))
    #expect(first.has("<span class=\"total\">114</span>"))
  }

  @Test(arguments: ["2026-02-30", "2026-13-01", "26-01-01", "2026-1-1", "x", "2026-02-29"])
  func `a day that there is not is no filter`(day: String) throws {
    let acme = try TestTenant.fresh()

    #expect(try acme.sales.get("/leads?from=\(day)").status == 400)
  }

  @Test func `an empty list says which emptiness`() throws {
    let acme = try TestTenant.fresh()

    #expect(try acme.sales.get("/leads").shows("No open leads"))
    #expect(try acme.sales.get("/leads?q=nothing").shows("No lead matches"))
  }

  @Test func `the list and the search use the indexes that were made for them`() throws {
    let acme = try TestTenant.fresh()
    try acme.manyLeads(12_000)
    for _ in 1...20 { try TestTenant.fresh().manyLeads(2_000) }
    // As autovacuum does sooner or later: rows out of the index's pending list, statistics fresh.
    let keeper = TestDatabase.open(as: .superuser)
    _ = try keeper.call(
      Query("clean", "select gin_clean_pending_list('crm.leads_search_idx')", decode: { _ in }))
    _ = try keeper.call(Query("analyze", "analyze crm.leads"))

    let list = try acme.planAsWeb(
      "select id from leads where stage = 'decision' order by id desc limit 51")
    let search = try acme.planOfSearch("%11999%")

    #expect(list.contains("leads_stage_idx"), "\(list)")
    #expect(search.contains("leads_search_idx"), "\(search)")
  }
}

extension TestTenant {
  /// Leads for this tenant, made without the triggers, which are not what is looked at here.
  fileprivate func manyLeads(_ count: Int) throws {
    _ = try TestDatabase.open(as: .superuser).call(
      Query(
        "manyLeads",
        """
        with off as (select set_config('session_replication_role', 'replica', false))
        insert into crm.leads (tenant_id, id, title, created_by, stage)
        select \(id)::uuid,
               ('0199c82cc000' || lpad(to_hex(28672 + n / 65536), 4, '0') || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
               'Lead ' || n, \(sales.user)::uuid,
               case n % 20 when 0 then 'decision' else 'new' end
        from off, generate_series(1, \(count)::int) n
        """))
  }

  fileprivate func planAsWeb(_ sql: SQL) throws -> String {
    let database = TestDatabase.open(as: .web)
    let (_, lines) = try database.read(
      as: sales.session,
      Query(
        "plan", "explain (costs off) \(sql)", all: { (row: inout Row) -> String in try row.next() })
    )
    return lines.joined(separator: "\n")
  }

  /// The plan of the statement inside app.search_leads, as its owner runs it.
  fileprivate func planOfSearch(_ pattern: String) throws -> String {
    try look(
      Query(
        "plan",
        """
        explain (costs off) select l.id from crm.leads l
        where l.tenant_id = \(id) and l.search like \(pattern) order by l.id desc limit 51
        """, all: { (row: inout Row) -> String in try row.next() })
    ).joined(separator: "\n")
  }
}
