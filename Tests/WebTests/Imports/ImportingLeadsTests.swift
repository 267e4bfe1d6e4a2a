import CRM
import HTTP
import HTTPTypes
import Postgres
import TestSupport
import Testing

@Suite struct `Importing leads` {
  private let file = """
    Titre;Société;Nom;Prénom;Email;Téléphone;Montant;Tags
    Cuisine;Maison Fontaine;Fontaine;Claire;Claire@Fontaine.example;06 12 34 56 78;1 200,50 €;vip, cuisine
    Bain;Ada & fils;Lovelace;Ada;ada@example.com;+44 20 7946 0958;;
    """
  private let columns = [
    "title", "company", "last_name", "first_name", "email", "phone", "estimated_value", "tags",
  ]

  @Test func `goes from the file over the dry run to leads as the form makes them`() throws {
    let acme = try TestTenant.fresh(locale: "fr")

    let place = try acme.upload(file)
    let mapping = try acme.sales.get(place)
    let checked = try acme.check(place, columns: columns, source: "Salon")
    #expect(try acme.count("leads") == 0)
    try acme.ask("commit", place)
    let done = try acme.sales.get(place)

    #expect(mapping.status == 200)
    #expect(mapping.has("<option value=\"company\" selected>"))
    #expect(checked.shows("Importer 2 pistes"))
    #expect(done.shows("Importé"))
    #expect(
      try acme.count(
        "leads",
        where: """
          title = 'Cuisine' and company = 'Maison Fontaine' and contact_name = 'Claire Fontaine'
          and contact_email = 'claire@fontaine.example' and contact_phone = '+33612345678'
          and estimated_value = 120050 and tags = '{vip,cuisine}' and source = 'Salon' and revision = 1
          and event_seq = 1 and created_by = \(acme.sales.user)
          """) == 1)
    #expect(try acme.count("lead_stage_history", where: "to_stage = 'new'") == 2)
    #expect(try acme.count("outbox_events", where: "type = 'LeadCreated'") == 2)
    #expect(
      try acme.count("activities", where: "kind = 'lead_created' and actor_id is not null") == 2)
    #expect(
      try acme.count("audit_log", where: "action = 'lead_created' and request_id like 'job/%'") == 2
    )
    #expect(try acme.count("lead_import_chunks") == 0)
  }

  @Test func `changes owner and language of known leads, and adds to their tags`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Known")
    _ = try acme.sales.post("/leads/\(lead)/tags", ["tags": "old"])
    let file =
      "id,title,owner,language,tags\n\(lead),Known,\(acme.reviewer.email),fr,\"new, old\"\n"

    let place = try acme.importing(
      file, columns: ["id", "title", "owner", "language", "tags"], mode: "update")
    let changed = try acme.count(
      "leads",
      where: "owner_id = \(acme.reviewer.user) and language = 'fr' and tags = '{old,new}'")
    try acme.ask("undo", place)

    #expect(changed == 1)
    #expect(
      try acme.count("leads", where: "owner_id is null and tags = '{old}'") == 1)
    #expect(try acme.count("lead_assignments", where: "to_user = \(acme.reviewer.user)") == 1)
  }

  @Test func `gives people who are known one more lead, where that is asked`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "The first")
    let file = "title,email,phone\nThe next,claire@fontaine.example,+33 6 12 34 56 78\n"

    _ = try acme.importing(file, columns: ["title", "email", "phone"], mode: "add")

    #expect(try acme.count("leads", where: "contact_email = 'claire@fontaine.example'") == 2)
    #expect(try acme.count("contacts", where: "phone = '+33612345678'") == 1)
  }

  @Test func `puts nobody at a known lead that has none`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.sales.post("/leads", ["title": "Empty"]).place ?? ""
    let file = "id,email\n\(place.split(separator: "/").last ?? ""),new@example.com\n"

    let checked = try acme.check(
      try acme.upload(file), columns: ["id", "email"], mode: "update")

    #expect(checked.shows("The lead has nobody yet."))
  }

  @Test func `begins a conversation with what they wrote, in their language`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload(
      "title,message,language\nOne,\"Bonjour,\nje voudrais une cuisine.\",\nTwo,Hello,French\nThree,,klingon"
    )
    _ = try acme.check(place, columns: ["title", "message", "language"])
    try acme.ask("commit", place)

    #expect(try acme.count("leads", where: "language = 'fr'") == 2)
    #expect(
      try acme.count("messages", where: "role = 'lead' and content like 'Bonjour,%cuisine.'") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'MessageReceived'") == 2)
    #expect(try acme.count("lead_import_rows", where: "status = 'error'") == 1)
    let lead: String = try acme.look(
      Query(
        "lead", "select id::text from leads where tenant_id = app.tenant() and title = 'Two'",
        only: { try $0.next() }))
    #expect(try acme.sales.post("/leads/\(lead)/tags", ["tags": "next_event"]).status == 303)
    #expect(try acme.sales.get("/leads/\(lead)/conversation").shows("Hello"))
  }

  @Test func `gives leads without an owner out as the form does`() throws {
    let acme = try TestTenant.fresh()
    let members = [acme.sales.user, acme.admin.user].map { "\"\($0)\"" }.joined(separator: ",")
    try acme.change(
      """
      insert into tenant_settings (tenant_id, key, value) values (app.tenant(), 'assignment',
        \(#"{"strategy": "round_robin", "members": [\#(members)], "sources": {}}"#)::jsonb)
      """)
    let place = try acme.upload("title,owner\nOne,\nTwo,Ada Admin\nThree,\nFour,")
    _ = try acme.check(place, columns: ["title", "owner"])
    try acme.ask("commit", place)

    let owners = try acme.look(
      Query(
        "owners",
        """
        select a.strategy || ' ' || m.display_name from leads l
        join memberships m on m.tenant_id = l.tenant_id and m.user_id = l.owner_id
        join lead_assignments a on a.tenant_id = l.tenant_id and a.lead_id = l.id
        where l.tenant_id = app.tenant() order by l.id
        """, all: { try $0.next(String.self) }))

    #expect(
      owners == [
        "round_robin Sam Sales", "manual Ada Admin", "round_robin Ada Admin",
        "round_robin Sam Sales",
      ])
    #expect(
      try acme.count(
        "outbox_events",
        where: """
          type = 'LeadAssigned'
          and payload ->> 'to' = (select l.owner_id::text from leads l where l.id = aggregate_id)
          """) == 4)
    #expect(try acme.count("leads", where: "event_seq = 2 and revision = 1") == 4)
    #expect(try acme.count("audit_log", where: "action = 'lead_assigned' and field = 'owner'") == 4)
    let told = try acme.admin.get("/notifications")
    let record = try acme.sales.get("/leads/\(try id(of: "One", acme))")
    let operation = try acme.sales.get(try #require(record.link("What changed")))

    #expect(told.shows("Sam Sales gave you 2 leads: What changed"))
    #expect(record.shows("Given to Sam Sales, whose turn it was. What changed"))
    #expect(record.shows("Lead imported from a file. Import"))
    #expect(operation.place == place)
    #expect(try acme.sales.get("/operations").shows("4 leads imported Stands Sam Sales"))
    #expect(
      try acme.reviewer.get("/operations/\(record.link("What changed")!.suffix(36))").status == 200)
    try acme.ask("undo", place)
    #expect(try acme.count("leads", where: "deleted_at is null") == 0)
  }

  private func id(of title: String, _ acme: TestTenant) throws -> String {
    try acme.look(
      Query(
        "lead", "select id::text from leads where tenant_id = app.tenant() and title = \(title)",
        only: { try $0.next() }))
  }

  @Test func `tells whoever asked when it was checked and when it is done`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nOne\n")

    _ = try acme.check(place, columns: ["title"])
    let checked = try acme.sales.get("/notifications")
    try acme.ask("commit", place)
    let done = try acme.sales.get("/notifications")

    #expect(checked.shows("Your file was checked and waits for your word: leads.csv"))
    #expect(checked.link("leads.csv") == place)
    #expect(done.shows("Your import is done: leads.csv"))
    #expect(try acme.count("notifications") == 2)
  }

  @Test func `says of each row what would become of it`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(email: "known@example.com")
    let place = try acme.upload(
      """
      title,email,phone
      New,new@example.com,
      Known,known@example.com,
      Twice,new@example.com,
      Bad mail,nobody at home,
      Bad phone,,06
      Ragged
      ,,
      """)

    let page = try acme.check(place, columns: ["title", "email", "phone"])

    #expect(page.shows("Import 1 lead"))
    #expect(page.shows("This lead is known already."))
    #expect(page.shows("Line 2 says the same person or number already."))
    #expect(page.shows("Cannot be read: E-mail."))
    #expect(page.shows("Cannot be read: Phone."))
    #expect(page.shows("It has another number of fields than the first line: 1."))
    #expect(
      try counts(acme) == ["duplicate": 2, "error": 3, "new": 1])
  }

  @Test func `gives the rows left out as a file that can be mended and comes in`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title,email\nA,=1+1\nB,b@example.com\n")
    _ = try acme.check(place, columns: ["title", "email"])

    let file = try acme.sales.get("\(place)/left.csv")

    #expect(file.header("content-type") == "text/csv; charset=utf-8")
    #expect(
      file.html
        == "\u{FEFF}title,email,Line,Why it was left out\r\nA,\"'=1+1\",2,Cannot be read: E-mail.\r\n"
    )
  }

  @Test func `is done once however often it is asked for`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nA\nB\n")
    _ = try acme.check(place, columns: ["title"])

    let first = try acme.sales.post("\(place)/commit", ["round": "1"])
    let second = try acme.sales.post("\(place)/commit", ["round": "1"])
    try acme.work(place)
    try acme.ask("commit", place)

    #expect(first.status == 303)
    #expect(second.place == place)
    #expect(try acme.count("leads") == 2)
    #expect(try acme.count("operations", where: "kind = 'import'") == 1)
  }

  @Test func `shows how far it is, without a script`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nA\n")
    _ = try acme.sales.post("\(place)/check", ["column-0": "title", "mode": "create"])

    let page = try acme.sales.get(place)

    #expect(page.header("refresh") == "2; url=\(place)" || page.shows("Waiting for your word"))
    try acme.work(place)
  }

  @Test func `updates what is known, or fills only its blanks`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Kitchen", email: "claire@fontaine.example")
    let file = "name,company,mail,phone\nClara,Maison,claire@fontaine.example,+33612345678\n"
    let columns = ["first_name", "company", "email", "phone"]

    _ = try acme.importing(file, columns: columns, mode: "fill_blanks")
    #expect(
      try acme.count(
        "leads",
        where:
          "company = 'Maison' and contact_name = 'Claire Fontaine' and contact_phone = '+33612345678'"
      ) == 1)
    _ = try acme.importing(file, columns: columns, mode: "update")

    #expect(
      try acme.count(
        "leads",
        where: "id = \(lead)::uuid and title = 'Kitchen' and contact_name = 'Clara Fontaine'") == 1)
    #expect(try acme.count("leads") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'LeadUpdated'") == 2)
    #expect(
      try acme.count("audit_log", where: "field = 'company' and new = 'Maison' and old is null")
        == 1)
  }

  @Test func `writes nothing where a cell is blank, nor half a name over a whole one`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Keep me", email: "ada@example.com")
    _ = try acme.lead(title: "Eve", email: "eve@example.com")
    _ = try acme.importing(
      "title,name,last,company,language,email\n\u{200B},Claire,,\u{A0},,ada@example.com\n"
        + ",Ada Byron,Byron,,,eve@example.com\n",
      columns: ["title", "name", "last_name", "company", "language", "email"], mode: "update")

    #expect(try acme.count("lead_import_rows", where: "status = 'done'") == 2)
    #expect(try acme.count("leads", where: "title = 'Eve' and contact_name = 'Claire Byron'") == 1)
    #expect(
      try acme.count(
        "leads",
        where: "title = 'Keep me' and contact_name = 'Claire Fontaine' and id = \(lead)::uuid") == 1
    )
  }

  @Test func `takes lines that name two leads for two, also of one person`() throws {
    let acme = try TestTenant.fresh()
    let one = try acme.lead(title: "One", email: "ada@example.com")
    let two = try acme.lead(title: "Two", email: "ada@example.com")

    _ = try acme.importing(
      "id,title,email\n\(one),One more,ada@example.com\n\(two),Two more,ada@example.com\n",
      columns: ["id", "title", "email"], mode: "update")

    #expect(try acme.count("leads", where: "title in ('One more', 'Two more')") == 2)
  }

  @Test func `takes one person for one where a line names no lead, or none that is known`() throws {
    let acme = try TestTenant.fresh()
    let one = try acme.lead(title: "One", email: "ada@example.com")
    let unknown = [ID<Lead>().description, ID<Lead>().description]

    let place = try acme.upload(
      "id,title,email\n\(one),First,ada@example.com\n,Second,ada@example.com\n"
        + "\(unknown[0]),Third,eve@example.com\n\(unknown[1]),Fourth,eve@example.com\n")
    let page = try acme.check(place, columns: ["id", "title", "email"], mode: "update")
    try acme.ask("commit", place)

    #expect(page.shows("Line 2 says the same person or number already."))
    #expect(page.shows("Line 4 says the same person or number already."))
    #expect(try acme.count("leads", where: "title in ('First', 'Third')") == 2)
    #expect(try acme.count("leads") == 2)
  }

  @Test func `says so where nothing of a file would come in`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(email: "ada@example.com")
    let place = try acme.upload("title,email\nA,ada@example.com\n")

    let page = try acme.check(place, columns: ["title", "email"])

    #expect(page.shows("Nothing of this file would be imported."))
  }

  @Test func `knows a lead by its own id, so that an exported file comes back`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "Kitchen")
    let csv = try acme.sales.get("/leads.csv").html.replacing("Kitchen", with: "Bigger kitchen")
    let place = try acme.upload(csv)

    let mapping = try acme.sales.get(place)
    let names = csv.split(separator: "\r\n")[0].split(separator: ",").map(String.init)
    _ = try acme.check(
      place, columns: names.map { $0.hasSuffix("id") ? "id" : $0 == "title" ? "title" : "" },
      mode: "update")
    try acme.ask("commit", place)

    #expect(mapping.has("<option value=\"id\" selected>"))
    #expect(try acme.count("leads", where: "title = 'Bigger kitchen'") == 1)
    #expect(try acme.count("leads") == 1)
  }

  @Test func `remembers what a header meant, from what was imported only`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.importing(
      "what,who\nA,a@example.com\n", columns: ["title", "email"], mode: "update")
    _ = try acme.check(try acme.upload("what,who\nC,c\n"), columns: ["company", "title"])

    let page = try acme.sales.get(try acme.upload("What ,Who\nB,b@example.com\n"))

    #expect(page.shows("The columns, and what happens to known leads, are as the last time."))
    #expect(page.has("<option value=\"title\" selected>"))
    #expect(page.has("value=\"update\" checked"))
  }

  @Test func `takes no meaning for a column that is not in its list`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title,email\nKitchen,ada@example.com\n")

    let page = try acme.sales.post(
      "\(place)/check", [("column-0", "title"), ("column-1", "zzz"), ("mode", "create")])

    #expect(page.status == 422)
    #expect(page.shows("Choose what each column means from its list."))
    #expect(try acme.count("lead_imports", where: "state = 'mapping'") == 1)
  }

  @Test func `asks again where two columns mean the same, or none names anybody`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("a,b\n1,2\n")

    let twice = try acme.sales.post(
      "\(place)/check", ["column-0": "title", "column-1": "title", "mode": "create"])
    let nobody = try acme.sales.post(
      "\(place)/check", ["column-0": "source", "column-1": "", "mode": "update"])

    #expect(twice.status == 422)
    #expect(twice.shows("Two columns cannot both be: Title."))
    #expect(nobody.shows("Say which column has the name, the company, the address or the number."))
    #expect(nobody.has("value=\"update\" checked"))
  }

  @Test(arguments: [
    ("", "There are no rows in this file."), ("title\n", "There are no rows in this file."),
    (
      "PK\u{3}\u{4}xl/workbook.xml",
      "This is no CSV file. In a spreadsheet, choose “Save as” and then CSV."
    ),
    ("a,\"b\nc", "The first line cannot be read. It must name the columns, 150 at most."),
  ])
  func `refuses what is no file of rows`(text: String, words: String) throws {
    let acme = try TestTenant.fresh()

    let page = try acme.sales.upload("/imports", Array(text.utf8))

    #expect(page.status == 422)
    #expect(page.error(beside: "file") == words)
    #expect(page.shows("A file must be chosen anew") && !page.shows("Everything you typed"))
    #expect(try acme.count("lead_imports") == 0)
  }

  @Test func `takes no upload that does not come from a page of ours`() throws {
    let acme = try TestTenant.fresh()
    let body =
      "--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\ntitle\nA\n\r\n--b0--\r\n"

    let page = try acme.sales.send(
      .post, "/imports",
      headers: [.secFetchSite: "same-origin", .contentType: "multipart/form-data; boundary=b0"],
      body: Array(body.utf8))

    #expect(page.status == 403)
    #expect(try acme.count("lead_imports") == 0)
  }

  @Test func `makes each row that a broken file has an error, and the others leads`() throws {
    let acme = try TestTenant.fresh()
    let long = String(repeating: "x", count: 300_000)
    let bytes =
      Array("title,email\nGood,g@example.com\nNul,a\0b\n".utf8)
      + Array("Nïce,n@example.com\nOrl".utf8)
      + [0xE9] + Array("ans,x@example.com\n\(long),1\n\"a\"b,2\nLast,l@example.com\n\"open,3".utf8)
    let place = try #require(try acme.sales.upload("/imports", bytes).place)

    let page = try acme.check(place, columns: ["title", "email"])

    let found = try counts(acme)

    #expect(found == ["error": 5, "new": 3])
    #expect(page.shows("It holds a NUL byte."))
    #expect(page.shows("Its letters are in another encoding than the rest of the file."))
    #expect(page.shows("It is longer than any lead."))
    #expect(page.shows("Text stands behind a closing quote."))
    #expect(page.shows("A quote is opened and never closed."))
  }

  @Test func `goes on where a dead worker ended, without a lead twice`() throws {
    let acme = try TestTenant.fresh()
    let rows = (1...4_500).map { "Lead \($0),l\($0)@example.com" }.joined(separator: "\n")
    let place = try acme.upload("title,email\n\(rows)\n")
    _ = try acme.check(place, columns: ["title", "email"])
    // The tenant's imports take turns: beside another in hand no worker of another test takes this one.
    let other = try acme.upload("title\nOther\n")
    _ = try acme.check(other, columns: ["title"])
    let inHand: SQL =
      "subject_id = \(other.split(separator: "/").last.map(String.init) ?? "")::uuid"
    try acme.change(
      "update jobs set state = 'leased', lease_until = now() + interval '1 hour' where tenant_id = app.tenant() and \(inHand)"
    )
    _ = try acme.sales.post("\(place)/commit", ["round": "1"])
    try TestDatabase.open(as: .migrate).write(as: Operator(for: acme.id)) { tx in
      tx.run(
        "turn",
        "update jobs set state = 'done', lease_until = null where tenant_id = app.tenant() and \(inHand)"
      )
      tx.run(
        "turn",
        """
        update jobs set state = 'leased', lease_token = lease_token + 1, lease_owner = 'dying',
               lease_until = now() + interval '1 hour'
        where tenant_id = app.tenant() and kind = 'import' and state = 'ready'
        """)
    }

    // One batch, then the worker is gone.
    let database = TestDatabase.open(as: .worker)
    let (tenant, job, token): (String, String, Int) = try acme.look(
      Query(
        "dying",
        "select tenant_id::text, id::text, lease_token from jobs where tenant_id = app.tenant() and lease_owner = 'dying'",
        only: { try ($0.next(), $0.next(), $0.next()) }))
    try database.script(
      """
      begin; select app.enter_job('\(tenant)', '\(job)', \(token));
      select app.write_import_leads((select subject_id from jobs where id = '\(job)'), 1, 2000); commit;
      begin; select app.enter_job('\(tenant)', '\(job)', \(token));
      select app.write_import_leads((select subject_id from jobs where id = '\(job)'), 2001, 4000); rollback;
      """)
    try acme.change(
      "update jobs set state = 'ready', lease_until = null where tenant_id = app.tenant() and lease_owner = 'dying' and state = 'leased'"
    )
    try acme.work(place)

    #expect(try acme.count("leads") == 4_500)
    #expect(try acme.count("contacts") == 4_500)
    #expect(try acme.count("outbox_events", where: "type = 'LeadCreated'") == 4_500)
  }

  @Test func `of another tenant is not there`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nA\n")
    let other = try TestTenant.fresh()

    #expect(try other.sales.get(place).status == 404)
    #expect(try other.sales.get("\(place)/left.csv").status == 404)
    #expect(try other.sales.post("\(place)/commit", ["round": "1"]).status == 404)
    #expect(try acme.reviewer.get(place).status == 403)
  }

  @Test(arguments: ["en", "fr"])
  func `an export of dinars comes back as it was`(locale: String) throws {
    let acme = try TestTenant.fresh(locale: locale, currency: "KWD")
    _ = try acme.sales.post(
      "/leads", ["title": "Villa", "estimated_value": "12.500", "currency": "KWD"])

    let csv = try acme.sales.get("/leads.csv").html
    try acme.change("update leads set estimated_value = null where tenant_id = \(acme.id)")
    let place = try acme.upload(csv)
    let form = try #require(
      try acme.sales.get(place).forms(at: place).first { $0["column-0"] != nil })
    _ = try acme.check(place, columns: (0..<19).map { form["column-\($0)"] ?? "" }, mode: "update")
    try acme.ask("commit", place)

    #expect(csv.contains(locale == "fr" ? ";12,500;KWD;" : ",12.500,KWD,"))
    #expect(try acme.count("leads", where: "estimated_value = 12500") == 1)
    #expect(try acme.count("leads") == 1)
  }

  @Test func `a French reader's export is French, and comes back as it was`() throws {
    let acme = try TestTenant.fresh()
    try acme.change("update sec.users set locale = 'fr' where id = \(acme.sales.user)")
    _ = try acme.sales.post(
      "/leads",
      [
        "title": "Cuisine; «=1»", "company": "Maison|=1+2", "first_name": "Élodie",
        "last_name": "Roux",
        "email": "elodie@roux.example", "estimated_value": "1200,50", "currency": "EUR",
        "tags": "salon",
      ])

    let csv = try acme.sales.get("/leads.csv").html
    let place = try acme.upload(csv)
    let mapping = try acme.sales.get(place)
    let form = try #require(mapping.forms(at: place).first { $0["column-0"] != nil })
    _ = try acme.check(place, columns: (0..<19).map { form["column-\($0)"] ?? "" }, mode: "update")
    try acme.ask("commit", place)

    #expect(csv.hasPrefix("\u{FEFF}id;titre;société;prénom;nom;e-mail;téléphone;"))
    #expect(csv.contains(";1200,50;EUR;"))
    #expect(csv.contains("\"Maison|'=1+2\""))
    let meanings = [0, 1, 2, 3, 4, 5, 6, 13, 14].map { form["column-\($0)"] }
    #expect(
      meanings == [
        "id", "title", "company", "first_name", "last_name", "email", "phone", "tags",
        "estimated_value",
      ])
    #expect(
      try acme.count(
        "leads",
        where: "title = 'Cuisine; «=1»' and company = 'Maison|=1+2' and estimated_value = 120050"
      ) == 1)
    #expect(try acme.count("leads") == 1)
  }

  @Test func `costs a round trip a page and two a post`() throws {
    let acme = try TestTenant.fresh()
    let uploaded = try acme.sales.upload("/imports", Array("title\nA\n".utf8))
    let place = try #require(uploaded.place)

    // Who it is is asked before a file is read; each further megabyte is a trip.
    #expect(uploaded.trips == 3)
    #expect(try acme.sales.get(place).trips == 1)
    #expect(try acme.sales.get("/imports").trips == 1)
    #expect(
      try acme.sales.post("\(place)/check", ["column-0": "title", "mode": "create"]).trips == 2)
    try acme.work(place)
  }

  @Test func `takes addresses of any script`() throws {
    let acme = try TestTenant.fresh()

    let place = try acme.importing(
      "Company;Email\nBücher GmbH;x@xn--bcher-kva.example\nBücher2;y@bücher.example\n",
      columns: ["company", "email"])

    #expect(try acme.sales.get(place).shows("Imported"))
    #expect(try counts(acme) == ["done": 2])
    #expect(
      try acme.count(
        "contacts", where: "email in ('x@xn--bcher-kva.example', 'y@xn--bcher-kva.example')") == 2)
  }

  @Test func `takes names for one that differ by accents, ligatures and letters only`() throws {
    let acme = try TestTenant.fresh()
    let file = """
      Company,First name,Last name
      Nom SA,Zoë,Müñoz
      Nom SA,Zoe\u{308},Mu\u{308}n\u{303}oz
      Straße GmbH,Jörg,Strauß
      STRASSE GMBH,JÖRG,STRAUSS
      Łódź Meble,Øystein,Łukasz
      Lodz Meble,Oystein,Lukasz
      Ligature,Ofﬁce,Straﬀ
      Ligature,Office,Straff
      Ｆｕｌｌ,Ｗｉｄｅ,Ｎａｍｅ
      İstanbul AŞ,Işık,İnce
      ISTANBUL AS,ISIK,INCE
      Nom SA,Zoe,Munoz

      """

    let place = try acme.importing(file, columns: ["company", "first_name", "last_name"])

    #expect(try counts(acme) == ["done": 6, "duplicate": 6])
    let found = try acme.sales.get("/leads?q=strasse")
    #expect(found.shows("Straße GmbH"))
    #expect(try acme.sales.get("/leads?q=oystein").shows("Øystein"))
    #expect(try acme.sales.get(place).status == 200)
  }

  private func counts(_ tenant: TestTenant) throws -> [String: Int] {
    let pairs = try tenant.look(
      Query(
        "counts",
        "select status, count(*) from lead_import_rows where tenant_id = app.tenant() group by status",
        all: { row -> (String, Int) in try (row.next(), row.next()) }))
    return Dictionary(uniqueKeysWithValues: pairs)
  }
}
