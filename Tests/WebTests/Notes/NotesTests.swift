import Postgres
import TestSupport
import Testing

@Suite struct `Notes` {
  @Test func `a note on a lead deleted meanwhile is kept on the page`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.admin.post("/leads/\(lead)/deletion")

    let page = try acme.sales.post("/leads/\(lead)/notes", ["body": "She called\nat nine."])

    #expect(page.status == 409)
    #expect(page.typed("body") == "She called\nat nine.")
    #expect(page.shows("This lead was deleted or merged meanwhile."))
  }

  @Test func `a note on a lead merged meanwhile can go to the one that stays`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Goes")
    let stays = try acme.lead(title: "Stays", email: "paul@fontaine.example")
    let form = try acme.sales.get("/leads/\(stays)/merge?with=\(lead)")
    _ = try acme.sales.post(
      "/leads/\(stays)/merge",
      [
        "with": lead, "revision": form.hidden("revision") ?? "",
        "other_revision": form.hidden("other_revision") ?? "",
      ])

    let page = try acme.sales.post("/leads/\(lead)/notes", ["body": "She called."])

    #expect(page.status == 409)
    #expect(page.typed("body") == "She called.")
    #expect(page.has("action=\"/leads/\(stays)/notes\""))
    #expect(page.shows("Add the note to “Stays”"))
  }

  @Test func `a note stands on the timeline with its words and its writer`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let written = try acme.sales.post(
      "/leads/\(lead)/notes", ["body": "Called her.\nWants <oak>, not pine."])
    let page = try acme.sales.follow(written)

    #expect(written.status == 303)
    #expect(written.trips == 2)
    #expect(page.shows("Wrote a note. Note Sam Sales"))
    #expect(page.has("Called her.\nWants &lt;oak&gt;, not pine."))
    #expect(try acme.count("outbox_events", where: "type = 'NoteAdded'") == 1)
    #expect(try acme.count("audit_log", where: "action = 'note_added'") == 1)
  }

  @Test func `nothing is no note, and what is too long is kept in the form`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let empty = try acme.sales.post("/leads/\(lead)/notes", ["body": " \n "])
    let long = try acme.sales.post(
      "/leads/\(lead)/notes", ["body": String(repeating: "x", count: 10_001)])

    #expect(empty.status == 422)
    #expect(empty.error(beside: "body") == "Write something first.")
    #expect(long.status == 422)
    #expect(long.typed("body")?.utf8.count == 10_001)
    #expect(try acme.count("notes") == 0)
  }

  @Test func `a mention tells the colleague, in the navigation and in the list, until it is read`()
    throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "New kitchen")

    _ = try acme.sales.post(
      "/leads/\(lead)/notes", ["body": "@rita reviewer, may we say 58 €? cc @Sam Sales @Nobody"])
    let told = try acme.reviewer.get("/notifications")
    let id = try acme.look(
      Query(
        "id", "select id::text from notifications where tenant_id = app.tenant()",
        only: { (row: inout Row) -> String in try row.next() }))
    let read = try acme.reviewer.follow(
      try acme.reviewer.post("/notifications/\(id)/reading"))

    #expect(told.trips == 1)
    #expect(told.shows("Notifications 1"))
    #expect(told.shows("Sam Sales mentioned you in a note: New kitchen"))
    #expect(told.shows("may we say 58 €?"))
    #expect(try acme.sales.get("/notifications").shows("Nothing to tell"))
    #expect(!read.shows("Notifications 1"))
    #expect(!read.shows("Mark as read"))
  }

  @Test func `the timeline says whom a note told, and which of its names are nobody's`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    for body in ["@Rita look, @Nobody too", "@Rita-Anne look", "@Rita look", "look"] {
      _ = try acme.sales.post("/leads/\(lead)/notes", ["body": body])
    }

    let page = try acme.sales.get("/leads/\(lead)")

    #expect(page.shows("Wrote a note and told Rita Reviewer. Nobody was told at “Nobody”"))
    #expect(page.shows("Wrote a note. Nobody was told at “Rita-Anne”"))
    #expect(page.shows("Wrote a note and told Rita Reviewer. Note"))
    #expect(page.shows("Wrote a note. Note"))
    #expect(try acme.count("notifications") == 2)
  }

  @Test func `what somebody was told is read once they opened what it speaks of`() throws {
    let acme = try TestTenant.fresh()
    let (lead, other) = (try acme.lead(), try acme.lead(email: "other@example.com"))
    for lead in [lead, other] {
      _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "@Rita look"])
    }

    let opened = try acme.reviewer.get("/leads/\(lead)")
    _ = try acme.admin.get("/leads/\(other)")

    #expect(opened.trips == 1 && opened.shows("Notifications 2"))
    #expect(try acme.reviewer.get("/today").shows("Notifications 1"))
    #expect(try acme.reviewer.get("/leads/\(other)/history").status == 200)
    #expect(try !acme.reviewer.get("/today").shows("Notifications 1"))
    #expect(try acme.count("notifications", where: "read_at is null") == 0)
  }

  @Test func `nobody reads or settles what a colleague was told`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "@Rita look"])
    let id = try acme.look(
      Query(
        "id", "select id::text from notifications where tenant_id = app.tenant()",
        only: { (row: inout Row) -> String in try row.next() }))

    let foreign = try acme.admin.post("/notifications/\(id)/reading")
    _ = try acme.admin.post("/notifications/reading")

    #expect(foreign.status == 404)
    #expect(try acme.count("notifications", where: "read_at is null") == 1)
  }

  @Test func `a deleted lead is not named to who was told of it`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Secret plan")
    _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "@Rita look at the vault"])
    _ = try acme.sales.post("/leads/\(lead)/deletion")

    let page = try acme.reviewer.get("/notifications")

    #expect(page.shows("mentioned you in a note"))
    #expect(!page.shows("Secret plan"))
    #expect(!page.shows("vault"))
  }

  @Test func `all can be marked as read at once`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    for body in ["@Rita one", "@Rita two"] {
      _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "\(body)"])
    }

    _ = try acme.reviewer.post("/notifications/reading")

    #expect(try acme.count("notifications", where: "read_at is not null") == 2)
  }

  @Test func `a note is struck out with a reason and stays to be read`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "She is 12 years old"])
    let note = try #require(try acme.sales.get("/leads/\(lead)").link("Note</a>"))

    let silent = try acme.sales.post("\(note)/retraction", ["reason": ""])
    let struck = try acme.sales.post("\(note)/retraction", ["reason": "It is the house"])
    let again = try acme.sales.post("\(note)/retraction", ["reason": "Once more"])
    let page = try acme.sales.get(note)

    #expect(silent.status == 422)
    #expect(silent.error(beside: "reason") == "Say why, for those who come after you.")
    #expect(struck.status == 303)
    #expect(again.status == 409)
    #expect(page.has("<s>She is 12 years old</s>"))
    #expect(page.shows("Sam Sales said why: It is the house"))
    #expect(try acme.sales.get("/leads/\(lead)").has("<s>She is 12 years old</s>"))
  }

  @Test func `the database keeps a note as it was written`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "As written"])

    let changes: [SQL] = ["body = 'x'", "author_id = \(acme.admin.user)", "lead_id = lead_id"]
    for change in changes {
      #expect(throws: PostgresError.self) {
        try TestDatabase.open(as: .web).write(as: acme.sales.session) { tx in
          tx.run("edit", "update notes set \(change)")
        }
      }
    }
    let owner = #expect(throws: PostgresError.self) {
      try acme.change("update notes set body = 'x' where tenant_id = app.tenant()")
    }
    #expect(owner?.constraint == "notes_kept")
  }

  @Test func `a deleted lead gets no note`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/deletion")

    #expect(try acme.sales.post("/leads/\(lead)/notes", ["body": "Late"]).status == 409)
    #expect(try acme.count("notes") == 0)
  }
}
