import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Imports in trouble` {
  @Test func `take the next step as soon as their page offers it`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nKitchen\n")
    _ = try acme.sales.post("\(place)/check", [("column-0", "title"), ("mode", "create")])

    // The word is given between the dry run's end and that of its job.
    try acme.work(
      place, with: FollowedAtOnce { _ = try acme.sales.post("\(place)/commit", ["round": "1"]) })
    try acme.work(place)

    #expect(try acme.sales.get(place).shows("Imported"))
    #expect(try acme.count("leads", where: "title = 'Kitchen'") == 1)
  }

  @Test func `leave out the one row that cannot be written, and go on with the rest`() throws {
    let acme = try TestTenant.fresh()
    let rows = (1...9).map { "Lead \($0),l\($0)@example.com" }.joined(separator: "\n")
    let place = try acme.upload("title,email\n\(rows)\n")
    _ = try acme.check(place, columns: ["title", "email"])
    try acme.change(
      "update lead_import_rows set title = repeat('x', 300) where tenant_id = app.tenant() and line = 5"
    )

    try acme.ask("commit", place)
    let page = try acme.sales.get(place)

    #expect(page.shows("Something in this row cannot be stored."))
    #expect(try acme.count("lead_imports", where: "state = 'done' and error_rows = 1") == 1)
    #expect(try acme.count("leads") == 8)
  }

  @Test func `leave out the one update that cannot be written`() throws {
    let acme = try TestTenant.fresh()
    let leads = try (1...3).map { try acme.lead(email: "l\($0)@example.com") }
    let rows = leads.map { "\($0),New" }.joined(separator: "\n")
    let place = try acme.upload("id,title\n\(rows)\n")
    _ = try acme.check(place, columns: ["id", "title"], mode: "update")
    try acme.change(
      "update lead_import_rows set title = repeat('x', 300) where tenant_id = app.tenant() and line = 3"
    )

    try acme.ask("commit", place)

    #expect(try acme.count("leads", where: "title = 'New'") == 2)
    #expect(
      try acme.count("lead_import_rows", where: "status = 'error' and line = 3 and lead_id is null")
        == 1)
  }

  @Test func `find in the dry run what cannot be stored`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title,tags\nA,vip\nB,x²\nC,½\nD,①\nE,ⅷ\nF,vip\n")

    let page = try acme.check(place, columns: ["title", "tags"])
    try acme.ask("commit", place)

    #expect(page.shows("Waiting for your word"))
    #expect(try acme.count("leads", where: "title in ('A', 'F') and tags = '{vip}'") == 2)
    #expect(throws: PostgresError.self) {
      try acme.change(
        "update lead_import_rows set tags = '{Not one}' where tenant_id = app.tenant() and line = 2"
      )
    }
  }

  @Test func `can be taken back half written`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title,email\nA,a@example.com\nB,b@example.com\n")
    _ = try acme.check(place, columns: ["title", "email"])
    try halfWritten(acme, place)

    let stuck = try acme.sales.get(place)
    try acme.ask("undo", place)
    let page = try acme.sales.get(place)

    #expect(stuck.shows("Go on"))
    #expect(stuck.shows("Take the import back"))
    #expect(page.shows("Taken back"))
    #expect(
      try acme.count("lead_imports", where: "state = 'undone' and new_rows = 1 and kept_rows = 0")
        == 1)
    #expect(try acme.count("leads", where: "deleted_at is null") == 0)
    #expect(try acme.count("leads") == 1)
    #expect(try acme.count("lead_import_chunks") == 0)
    #expect(
      try acme.count("operations", where: "undone_at is not null and subjects = 1") == 1)
  }

  @Test func `are not taken back while they are being written`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nA\n")
    _ = try acme.check(place, columns: ["title"])
    let job = try acme.begin(place)

    let page = try acme.sales.follow(try acme.sales.post("\(place)/undo"))

    #expect(page.shows("The import had moved on meanwhile, so nothing was done."))
    #expect(try acme.sales.get("/operations").shows("Leads are being imported"))
    #expect(try acme.count("lead_imports", where: "state = 'committing'") == 1)
    try acme.change("update jobs set state = 'failed', lease_until = null where id = \(job)::uuid")
    #expect(
      try acme.sales.get("/notifications").shows("Your import stopped before its end: leads.csv"))
  }

  @Test func `write one person of two leads one after the other`() throws {
    let acme = try TestTenant.fresh()
    let one = try acme.lead(title: "One")
    let two = try acme.lead(title: "Two")
    #expect(try acme.contact(of: one) == acme.contact(of: two))

    let place = try acme.importing(
      "id,first\n\(one),Clara\n\(two),Clarissa\n", columns: ["id", "first_name"], mode: "update")
    #expect(try acme.count("leads", where: "contact_name = 'Clarissa Fontaine'") == 2)
    #expect(try acme.count("lead_import_rows", where: "status = 'done'") == 2)

    try acme.ask("undo", place)
    #expect(try acme.count("leads", where: "contact_name = 'Claire Fontaine'") == 2)
  }

  @Test func `do not write over a person who stands at another lead`() throws {
    let acme = try TestTenant.fresh()
    let one = try acme.lead(title: "One")
    _ = try acme.lead(title: "Two", email: "yves@example.com")
    let place = try acme.upload("id,first,email\n\(one),Xavier,yves@example.com\n")

    let page = try acme.check(place, columns: ["id", "first_name", "email"], mode: "update")
    try acme.ask("commit", place)

    #expect(
      page.shows("Its address or number is that of somebody who does not stand at this lead."))
    #expect(try acme.count("contacts", where: "first_name = 'Xavier'") == 0)
    #expect(try acme.count("contacts", where: "first_name = 'Claire'") == 2)
  }

  @Test(arguments: ["id", "external_id"])
  func `know a merged lead as the one it went into`(by column: String) throws {
    let acme = try TestTenant.fresh()
    let gone = try acme.lead(title: "Gone", email: "gone@example.com")
    let stays = try acme.lead(title: "Stays", email: "stays@example.com")
    try acme.change("update leads set external_id = 'K-1' where id = \(gone)::uuid")
    let form = try acme.sales.get("/leads/\(stays)/merge?with=\(gone)")
    _ = try acme.sales.post(
      "/leads/\(stays)/merge",
      [
        "with": gone, "revision": form.hidden("revision") ?? "",
        "other_revision": form.hidden("other_revision") ?? "",
      ])
    // A number of record of its own, so that only the merge says which lead is meant.
    try acme.change("update leads set external_id = 'K-2' where id = \(stays)::uuid")

    _ = try acme.importing(
      "key,company\n\(column == "id" ? gone : "K-1"),Maison\n", columns: [column, "company"],
      mode: "update")

    #expect(try acme.count("leads", where: "company = 'Maison' and id = \(stays)::uuid") == 1)
    #expect(try acme.count("leads") == 2)
  }

  @Test func `take back a lead whose person they had filled, and one that wrote`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/deletion")
    let place = try acme.importing(
      "title,email,phone,message\nNew,claire@fontaine.example,+33 6 12 34 56 78,\nOther,,,Hello\n",
      columns: ["title", "email", "phone", "message"])
    #expect(try acme.count("contacts", where: "phone is not null") == 1)

    try acme.ask("undo", place)

    #expect(try acme.count("leads", where: "deleted_at is null") == 0)
    #expect(try acme.count("contacts", where: "phone is null and deleted_at is null") == 1)
    #expect(try acme.count("lead_imports", where: "kept_rows = 0") == 1)
  }

  @Test func `take one name at one company for one, however far apart the lines are`() throws {
    let acme = try TestTenant.fresh()
    let between = (1...1_200).map { "Row \($0),,,\n" }.joined()

    let page = try acme.check(
      try acme.upload(
        "title,name,company,email\nOne,Zoé Martin,Maison,\n\(between)Two,ZOE MARTIN,maison,z@maison.example\n"
      ),
      columns: ["title", "name", "company", "email"])

    #expect(
      try acme.count(
        "lead_import_rows", where: "status = 'duplicate' and reasons = '{same_line:2}'") == 1)
    #expect(page.shows("1,201 new") || page.shows("1201"))
  }

  @Test
  func `take a known person named by different means for one, however far apart the lines are`()
    throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.sales.post(
      "/leads",
      ["title": "Old", "email": "ada@example.com", "phone": "+33 6 12 34 56 78"]
    ).id
    _ = try acme.sales.post("/leads/\(lead)/deletion")
    let between = (1...1_200).map { "Row \($0),,\n" }.joined()

    let place = try acme.importing(
      "title,email,phone\nOne,ada@example.com,\n\(between)Two,,+33 6 12 34 56 78\n",
      columns: ["title", "email", "phone"])

    #expect(try acme.count("lead_import_rows", where: "reasons = '{same_line:2}'") == 1)
    #expect(try acme.count("leads", where: "deleted_at is null") == 1_201)
    #expect(try acme.sales.get(place).status == 200)
  }

  @Test(
    arguments: [
      ("1 200,50 €", 120_050), ("€1,200.50", 120_050), ("1.200.000,5", 120_000_050),
      ("1.200", 120_000), ("EUR 12", 1_200),
      ("1'200 eur", 120_000), ("0,5", 50), ("0", 0), ("1E+06", nil), ("1.2E+06", nil), ("12k", nil),
      ("1.5M", nil),
      ("10 to 20", nil), ("10 20", nil), ("2 x 500", nil), ("12/05", nil), ("(500)", nil),
      ("50%", nil),
      ("-5", nil), ("$5", nil), ("₹ 500", nil), ("¥12", nil), ("1'200 CHF", nil), ("FOO12", nil),
      ("1234.567", nil),
      ("1234,567", nil),
      ("0.125", nil), ("1,2,3", nil), ("1.2.3", nil), ("1,234,5", nil), ("10.000.00", nil),
      ("1'2", nil), ("€", nil),
    ] as [(String, Int?)])
  func `read an amount as it is written, or not at all`(written: String, cents: Int?) throws {
    let acme = try TestTenant.fresh()

    let place = try acme.upload("title;value\nOne;\(written)\n")
    _ = try acme.check(place, columns: ["title", "estimated_value"])

    let found = try acme.look(
      Query(
        "amount", "select estimated_value from lead_import_rows where tenant_id = app.tenant()",
        only: { try $0.next(optional: Int.self) }))
    #expect(found == cents)
    #expect(
      try acme.count("lead_import_rows", where: "status = 'error'") == (cents == nil ? 1 : 0))
  }

  @Test(
    arguments: [
      ("KWD", ",", "12.500", 12_500), ("KWD", ";", "12.500", 12_500),
      ("KWD", ",", "1234.567", 1_234_567),
      ("KWD", ",", "\"1,234\"", 1_234_000), ("KWD", ";", "1,234", 1_234),
      ("KWD", ";", "1234,567", 1_234_567),
      ("KWD", ",", "\"1,234.567\"", 1_234_567), ("KWD", ";", "1.234,567", 1_234_567),
      ("KWD", ";", "1.234.567", 1_234_567_000), ("KWD", ",", "\"1,234,567\"", 1_234_567_000),
      ("KWD", ",", "KWD 12.5", 12_500), ("BHD", ";", "0,500 BHD", 500),
      ("TND", ";", "1 234,500", 1_234_500),
      ("KWD", ",", "12.3456", nil), ("JPY", ",", "\"1,200\"", 1_200), ("JPY", ",", "¥1200", 1_200),
      ("JPY", ",", "1200.00", 1_200), ("JPY", ",", "1200.5", nil), ("JPY", ",", "1200.", nil),
      ("JPY", ",", "1.200", 1_200), ("CLF", ",", "1.2345", 12_345),
    ] as [(String, String, String, Int?)])
  func `read an amount with the decimals of the tenant's currency`(
    code: String, mark: String, written: String, amount: Int?
  ) throws {
    let acme = try TestTenant.fresh(currency: code)

    let place = try acme.upload("title\(mark)value\nOne\(mark)\(written)\n")
    _ = try acme.check(place, columns: ["title", "estimated_value"])

    let found = try acme.look(
      Query(
        "amount", "select estimated_value from lead_import_rows where tenant_id = app.tenant()",
        only: { try $0.next(optional: Int.self) }))
    #expect(found == amount)
  }

  @Test func `of one tenant take turns`() throws {
    let acme = try TestTenant.fresh()
    let first = try acme.upload("title\nFirst\n")
    _ = try acme.check(first, columns: ["title"])
    let second = try acme.upload("title\nSecond\n")
    _ = try acme.check(second, columns: ["title"])
    let job = try acme.begin(first)
    _ = try acme.sales.post("\(second)/commit", ["round": "1"])

    try acme.takeTurns()
    let waiting = try acme.count("jobs", where: "state = 'ready' and attempts = 0")
    try acme.leave(job, as: .done)
    try acme.work(second)

    #expect(waiting == 1)
    #expect(try acme.count("lead_imports", where: "state = 'done'") == 1)
  }

  @Test func `whose columns nobody names are forgotten within three days`() throws {
    let acme = try TestTenant.fresh()
    let unnamed = try acme.upload("title\nA\n")
    let checked = try acme.upload("title\nB\n")
    _ = try acme.check(checked, columns: ["title"])
    try acme.change(
      "update lead_imports set created_at = now() - interval '4 days' where tenant_id = app.tenant()"
    )

    for _ in 0..<50 where try acme.sales.get(unnamed).status == 200 {
      try TestDatabase.open(as: .worker).call(Housekeeping.forgetImports)
    }

    #expect(try acme.sales.get(unnamed).status == 404)
    #expect(try acme.sales.get(checked).status == 200)
  }

  @Test func `wait ten at a time for each member, and are told when there are more`() throws {
    let acme = try TestTenant.fresh()
    let places = try (1...10).map { try acme.upload("title\nLead \($0)\n") }

    let refused = try acme.sales.upload("/imports", Array("title\nOne more\n".utf8), name: "a.csv")
    let ofAnother = try acme.allrounder.upload(
      "/imports", Array("title\nAnother's\n".utf8), name: "b.csv")
    let page = try acme.sales.get(places[0])
    let discarded = try acme.sales.press("Discard the file", on: page)
    let gone = try acme.sales.get(places[0])
    let again = try acme.sales.upload("/imports", Array("title\nOne more\n".utf8), name: "a.csv")

    #expect(refused.status == 422)
    #expect(refused.error(beside: "file")?.contains("Too many files wait to be imported") == true)
    #expect(ofAnother.status == 303)
    #expect(discarded.location == "/imports?said=import-discarded")
    #expect(gone.status == 404)
    #expect(again.status == 303)
    #expect(
      try acme.count("audit_log", where: "action = 'import_discarded'") == 1)
  }

  @Test func `that were discarded leave their rows to the housekeeping, and cannot be imported`()
    throws
  {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nOne\n")
    let other = try TestTenant.fresh()
    _ = try acme.check(place, columns: ["title"])

    let strange = try other.sales.post("\(place)/discard")
    _ = try acme.sales.press("Discard the file", on: try acme.sales.get(place))
    let committed = try acme.sales.post("\(place)/commit", ["round": "1"])
    let chunks = try acme.count("lead_import_chunks")
    for _ in 0..<50 where try acme.count("lead_imports") > 0 {
      try TestDatabase.open(as: .worker).call(Housekeeping.forgetImports)
    }

    #expect(strange.status == 404)
    #expect(committed.status == 404)
    #expect(chunks == 0)
    #expect(try acme.count("lead_imports") == 0)
    #expect(try acme.count("lead_import_rows") == 0)
  }

  @Test func `hold no more than they said, also where the program's own login tries`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title\nOne\n")
    let id = place.split(separator: "/").last ?? ""

    let error = #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: acme.sales.session) { tx in
        tx.run(
          "attack",
          """
          insert into lead_import_chunks (tenant_id, import_id, position, bytes)
          values (app.tenant(), \(String(id))::uuid, 1, \(Array(repeating: UInt8(65), count: 1_000)))
          """)
      }
    }

    #expect(error?.constraint == "lead_import_chunks_bytes")
  }

  @Test func `are forgotten when nobody imported them within thirty days`() throws {
    let acme = try TestTenant.fresh()
    let old = try acme.upload("title\nOld\n")
    _ = try acme.check(old, columns: ["title"])
    let done = try acme.importing("title\nDone\n", columns: ["title"])
    try acme.change(
      "update lead_imports set created_at = now() - interval '31 days' where tenant_id = app.tenant()"
    )
    let young = try acme.upload("title\nYoung\n")

    try TestDatabase.open(as: .worker).call(Housekeeping.forgetImports)

    #expect(try acme.sales.get(old).status == 404)
    #expect(try acme.sales.get(done).status == 200)
    #expect(
      try acme.sales.get(young).shows("A file that is not imported within 30 days is deleted"))
    #expect(try acme.count("lead_import_chunks") == 1)
    #expect(try acme.count("lead_import_rows") == 1)
  }

  /// One of its rows is written, then its worker failed for good.
  private func halfWritten(_ tenant: TestTenant, _ place: String) throws {
    let job = try tenant.begin(place)
    try tenant.step("app.write_import_leads((select id from lead_imports), 1, 2)", of: job)
    try tenant.leave(job, as: .failed)
  }
}

/// Imports as ever, and does something more before its job's end is noted.
private struct FollowedAtOnce: JobWork, @unchecked Sendable {
  let kind = Job.Kind.import
  let then: () throws -> Void

  func run(
    _ job: LeasedJob, on database: Database, mayGoOn: @escaping @Sendable () -> Bool
  ) throws -> JobEnd {
    let end = try ImportWork().run(job, on: database, mayGoOn: mayGoOn)
    try then()
    return end
  }
}
