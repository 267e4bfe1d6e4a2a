import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `An import, and what changed since its dry run` {
  @Test func `does not write over what somebody edited`() throws {
    let acme = try TestTenant.fresh()
    let edited = try acme.lead(title: "Edited", email: "edited@example.com")
    let moved = try acme.lead(title: "Moved", email: "moved@example.com")
    let place = try acme.upload(
      "title,email\nFrom the file,edited@example.com\nFrom the file,moved@example.com\n")
    _ = try acme.check(place, columns: ["title", "email"], mode: "update")
    try acme.change("update leads set company = 'By hand' where id = \(edited)::uuid")
    _ = try acme.sales.post("/leads/\(moved)/stage", ["stage": "discovery", "was": "new"])

    try acme.ask("commit", place)
    let page = try acme.sales.get(place)

    #expect(page.shows("Somebody edited this lead after the dry run."))
    #expect(try acme.count("leads", where: "title = 'Edited' and company = 'By hand'") == 1)
    #expect(try acme.count("leads", where: "title = 'From the file' and id = \(moved)::uuid") == 1)
    #expect(try acme.count("lead_imports", where: "update_rows = 1 and error_rows = 1") == 1)
  }

  @Test func `does not write over a person whom somebody edited, first at the lead or not`() throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(email: "first@example.com")
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts", ["first_name": "Second", "email": "second@example.com"])
    let place = try acme.upload("first,email\nFile,second@example.com\n")
    _ = try acme.check(place, columns: ["first_name", "email"], mode: "update")
    try acme.change(
      "update contacts set first_name = 'By hand' where tenant_id = app.tenant() and email = 'second@example.com'"
    )

    try acme.ask("commit", place)

    #expect(try acme.count("contacts", where: "first_name = 'By hand'") == 1)
    #expect(try acme.count("lead_import_rows", where: "reasons = '{changed}'") == 1)
  }

  @Test func `does not write over a lead that was captured meanwhile`() throws {
    let acme = try TestTenant.fresh()
    let place = try acme.upload("title,email\nFrom the file,ada@example.com\n")
    _ = try acme.check(place, columns: ["title", "email"], mode: "update")
    _ = try acme.lead(title: "Captured", email: "ada@example.com")

    try acme.ask("commit", place)

    #expect(try acme.sales.get(place).shows("This lead came in after the dry run."))
    #expect(try acme.count("leads", where: "title = 'Captured'") == 1)
    #expect(try acme.count("lead_imports", where: "error_rows = 1 and update_rows = 0") == 1)
  }

  @Test(arguments: ["update", "fill_blanks"])
  func `brings back no lead that was deleted meanwhile`(mode: String) throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Known", email: "ada@example.com")
    let place = try acme.upload("title,email\nFile,ada@example.com\n")
    _ = try acme.check(place, columns: ["title", "email"], mode: mode)
    _ = try acme.sales.post("/leads/\(lead)/deletion")

    try acme.ask("commit", place)

    #expect(try acme.sales.get(place).shows("The lead was deleted, or its person merged"))
    #expect(try acme.count("leads", where: "deleted_at is null") == 0)
  }

  @Test func `tells its own changes of a lead and a person from those of others`() throws {
    let acme = try TestTenant.fresh()
    let one = try acme.lead(title: "One", email: "ada@example.com")
    let two = try acme.lead(title: "Two", email: "ada@example.com")
    let three = try acme.lead(title: "Three", email: "eve@example.com")
    _ = try acme.sales.post(
      "/leads/\(three)/contacts", ["first_name": "Second", "email": "second@example.com"])
    let place = try acme.upload(
      "id,first,company,email\n\(one),File,File Ltd,\n\(two),File again,File Ltd,\n"
        + ",,First line,eve@example.com\n,,Second line,second@example.com\n")
    _ = try acme.check(
      place, columns: ["id", "first_name", "company", "email"], mode: "update")
    try acme.change("update leads set company = 'By hand' where id = \(two)::uuid")

    try acme.ask("commit", place)

    // Two was edited by hand, although the import itself wrote over its person before.
    #expect(try acme.count("leads", where: "company = 'By hand' and id = \(two)::uuid") == 1)
    #expect(try acme.count("leads", where: "company = 'File Ltd' and id = \(one)::uuid") == 1)
    // Both lines about Three are the import's own.
    #expect(try acme.count("leads", where: "company = 'Second line' and id = \(three)::uuid") == 1)
    #expect(try acme.count("lead_import_rows", where: "reasons = '{changed}'") == 1)
    try acme.ask("undo", place)
    #expect(try acme.count("leads", where: "company is null") == 2)
    #expect(try acme.count("leads", where: "company = 'By hand'") == 1)
  }

  @Test func `does not write over an edit between two lines about one lead`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Known", email: "ada@example.com")
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts", ["first_name": "Second", "email": "second@example.com"])
    let place = try acme.upload(
      "company,source,email\nFirst line,,ada@example.com\n,Second line,second@example.com\n")
    _ = try acme.check(place, columns: ["company", "source", "email"], mode: "update")
    let job = try acme.begin(place)
    try acme.step("app.import_updates((select id from lead_imports), 0, 500)", of: job)
    try acme.change("update leads set source = 'By hand' where id = \(lead)::uuid")

    try acme.leave(job, as: .ready)
    try acme.work(place)

    #expect(try acme.count("leads", where: "company = 'First line' and source = 'By hand'") == 1)
    #expect(try acme.count("lead_import_rows", where: "reasons = '{changed}'") == 1)
  }

  @Test func `judges only what it updates, however many new rows stand between`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "First", email: "first@example.com")
    _ = try acme.lead(title: "Last", email: "last@example.com")
    let place = try acme.upload(
      "title,email\nF,first@example.com\nNew,\nL,last@example.com\n")
    _ = try acme.check(place, columns: ["title", "email"], mode: "update")
    try acme.change(
      "update lead_import_rows set lead_id = gen_random_uuid() where tenant_id = app.tenant() and status = 'new'"
    )
    let job = try acme.begin(place)

    try acme.step("app.import_updates((select id from lead_imports), 0, 500)", of: job)

    #expect(try acme.count("lead_import_rows", where: "status = 'done'") == 2)
    #expect(
      try acme.count("lead_import_rows", where: "status = 'new' and lead_id is not null") == 1)
  }

  @Test func `fills what is blank all the same`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Known", email: "ada@example.com")
    let place = try acme.upload("title,company,email\nFile,File Ltd,ada@example.com\n")
    _ = try acme.check(place, columns: ["title", "company", "email"], mode: "fill_blanks")
    try acme.change("update leads set title = 'By hand' where id = \(lead)::uuid")

    try acme.ask("commit", place)

    #expect(try acme.count("leads", where: "title = 'By hand' and company = 'File Ltd'") == 1)
  }

  @Test func `says that it waits for its turn, and for what`() throws {
    let acme = try TestTenant.fresh()
    let first = try acme.upload("title\nFirst\n", name: "first.csv")
    _ = try acme.sales.post("\(first)/check", [("column-0", "title"), ("mode", "create")])
    try acme.change(
      "update jobs set state = 'leased', lease_until = now() + interval '1 hour' where tenant_id = app.tenant() and state = 'ready'"
    )
    let second = try acme.upload("title\nSecond\n")
    _ = try acme.sales.post("\(second)/check", [("column-0", "title"), ("mode", "create")])

    let page = try acme.sales.get(second)

    #expect(page.shows("It waits for its turn: another file is at work. first.csv"))
    #expect(!page.has("<progress"))
    #expect(try acme.sales.get(first).has("<progress"))
  }

  @Test func `are written as the person saw them checked, or not yet`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.sales.post("/leads", ["title": "Known", "email": "known@example.com"])
    let place = try acme.upload("title,email\nOVERWRITTEN,known@example.com\nNew,\n")
    _ = try acme.check(place, columns: ["title", "email"])
    let seen = try acme.sales.get(place).hidden("round") ?? ""
    _ = try acme.check(place, columns: ["title", "email"], mode: "update")

    let answer = try acme.sales.post("\(place)/commit", ["round": seen])

    #expect(try acme.sales.follow(answer).shows("The import had moved on meanwhile"))
    #expect(try acme.count("lead_imports", where: "state = 'checked'") == 1)
    #expect(try acme.count("leads", where: "title = 'Known'") == 1)
  }

  @Test func `give nobody leads who has left or is another tenant's`() throws {
    let acme = try TestTenant.fresh()
    let stranger = try TestTenant.fresh().sales.user
    let place = try acme.upload("title\nNew\n")
    try acme.change(
      "update memberships set disabled_at = now() where user_id = \(acme.reviewer.user)")

    for owner in [stranger, acme.reviewer.user] {
      let page = try acme.sales.post(
        "\(place)/check",
        [("column-0", "title"), ("mode", "create"), ("owner", owner.description), ("source", "")])
      #expect(page.status == 422)
      #expect(page.shows("Choose somebody from the list."))
    }
    let lead = try acme.lead()
    let given = try acme.sales.post(
      "/leads/\(lead)/assignment", ["owner": acme.reviewer.user.description, "was": ""])
    let captured = try acme.sales.post(
      "/leads", ["title": "L", "owner": acme.reviewer.user.description])

    #expect(given.status == 422 && captured.status == 422)
    #expect(try acme.count("leads", where: "owner_id is not null") == 0)
  }

  @Test func `gives nobody leads who left after its dry run`() throws {
    let acme = try TestTenant.fresh()
    let owner = acme.reviewer.user.description
    let begun = try acme.upload("title\nD\n")
    _ = try acme.check(begun, columns: ["title"], owner: owner)
    let rows = try acme.upload("title,owner\nA,\(acme.reviewer.email)\nB,\n")
    _ = try acme.check(rows, columns: ["title", "owner"])
    let whole = try acme.upload("title\nC\n")
    _ = try acme.check(whole, columns: ["title"], owner: owner)
    let job = try acme.begin(begun)
    try acme.change(
      "update memberships set disabled_at = now() where user_id = \(acme.reviewer.user)")

    try acme.leave(job, as: .ready)
    try acme.work(begun)
    try acme.ask("commit", rows)
    let refused = try acme.sales.post("\(whole)/commit", ["round": "1"])

    #expect(try acme.sales.get(rows).shows("Who is to have it is no member any more."))
    #expect(refused.status == 422 && refused.shows("Choose somebody from the list."))
    #expect(try acme.sales.get(begun).shows("Who is to have it is no member any more."))
    #expect(try acme.count("leads", where: "title = 'B'") == 1)
    #expect(try acme.count("leads") == 1)
  }
}
