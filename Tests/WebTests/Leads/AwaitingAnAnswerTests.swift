import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `A lead that waits for an answer` {
  let acme: TestTenant
  let lead: String

  init() throws {
    acme = try TestTenant.fresh()
    lead = try acme.sales.post(
      "/leads",
      [
        "title": "New kitchen", "owner": acme.sales.user.description, "last_name": "Fontaine",
        "email": "claire@fontaine.example", "message": "Can you come on Monday?",
      ]
    ).id
  }

  /// An approved letter, as far as the worker's mark.
  private func leaving() throws -> String {
    let draft = try acme.draft(
      text: "Dear Claire,\n\n**85 €**.", isSubmitted: true, lead: lead)
    _ = try acme.approve(draft)
    try acme.change(
      """
      update deliveries set state = 'committing', lease_token = 7, lease_owner = 'test',
        lease_until = clock_timestamp() + interval '1 minute' where tenant_id = app.tenant()
      """)
    return draft
  }

  private func arrive() throws {
    try acme.change(
      "select app.complete_delivery(id, 7, '250 ok') from deliveries where tenant_id = app.tenant()"
    )
  }

  @Test func `stands on Today and says so as its next step, until it has one`() throws {
    let today = try acme.sales.get("/today")
    let record = try acme.sales.get("/leads/\(lead)")
    let other = try acme.admin.get("/today")
    _ = try leaving()
    try arrive()

    #expect(today.trips == 1)
    #expect(today.shows("Waiting for an answer 1"))
    #expect(today.shows("Can you come on Monday?"))
    #expect(today.link("New kitchen") == "/leads/\(lead)/conversation")
    #expect(record.shows("They wrote and wait for an answer. Answer"))
    #expect(!other.shows("Waiting for an answer"))
    #expect(!(try acme.sales.get("/today").shows("Waiting for an answer")))
  }

  @Test func `has it with the letter that arrives, which stands in the conversation`() throws {
    let draft = try leaving()
    let before = try acme.sales.get("/leads/\(lead)/conversation")
    try arrive()

    let page = try acme.sales.get("/leads/\(lead)/conversation")
    let history = try acme.sales.get("/leads/\(lead)/history")

    #expect(before.shows("Waits for an answer"))
    #expect(!page.shows("Waits for an answer"))
    #expect(page.shows("From Sam Sales E-mail"))
    #expect(page.shows("Dear Claire,") && page.shows("85 €.") && !page.shows("**85"))
    #expect(page.link("Your kitchen") == "/drafts/\(draft)")
    #expect(
      try acme.count("messages", where: "draft_id = \(draft)::uuid and role = 'operator'") == 1)
    #expect(try acme.count("threads") == 1)
    #expect(try acme.count("leads", where: "last_contact_at is not null") == 1)
    #expect(
      history.shows("Contact status: Not contacted yet → Contacted by a rule · CloserFlow"))
    #expect(try acme.count("outbox_events", where: "type = 'ContactStatusChanged'") == 1)
    #expect(try acme.count("audit_log", where: "action = 'contact_status_changed'") == 1)
  }

  @Test func `has it as well where a person says that the letter arrived`() throws {
    let draft = try leaving()
    try acme.change(
      "update deliveries set state = 'uncertain', lease_until = null where tenant_id = app.tenant()"
    )
    let delivery = try acme.look(
      Query(
        "id", "select id::text from deliveries where tenant_id = app.tenant()",
        only: { (row: inout Row) -> String in try row.next() }))

    let page = try acme.reviewer.get("/outbox/\(delivery)")
    let answer = try acme.reviewer.post(
      "/outbox/\(delivery)/resolution", ["resolution": "arrived", "comment": "They rang."])

    #expect(page.has("/outbox/\(delivery)/resolution"))
    #expect(answer.status == 303)
    #expect(
      try acme.sales.post(
        "/outbox/\(delivery)/resolution", ["resolution": "arrived", "comment": "So?"]
      ).status == 403)
    #expect(try acme.status(of: draft) == "sent")
    #expect(try acme.count("messages", where: "draft_id = \(draft)::uuid") == 1)
    #expect(try acme.count("threads", where: "awaiting_reply") == 0)
  }

  @Test func `keeps a contact status that is further on`() throws {
    _ = try acme.sales.post("/leads/\(lead)/contact-status", ["contact_status": "qualified"])
    _ = try leaving()
    try arrive()

    #expect(try acme.count("leads", where: "contact_status = 'qualified'") == 1)
    #expect(try acme.count("lead_status_history", where: "triggered_by = 'rule'") == 0)
  }

  @Test func `a letter to a lead that never wrote begins the conversation`() throws {
    try acme.change(
      "update threads set status = 'closed', awaiting_reply = false where tenant_id = app.tenant()")
    _ = try leaving()
    try arrive()

    #expect(
      try acme.count("threads", where: "channel = 'email' and subject = 'Your kitchen'") == 1)
  }

  @Test func `can be answered otherwise, once, and that is recorded`() throws {
    let page = try acme.sales.get("/leads/\(lead)/conversation")
    let done = try acme.sales.post("/leads/\(lead)/answer", ["reason": "Rang her."])
    let again = try acme.sales.post("/leads/\(lead)/answer")
    let after = try acme.sales.get("/leads/\(lead)/conversation")
    let timeline = try acme.sales.get("/leads/\(lead)")

    #expect(page.shows("Answered otherwise"))
    #expect(done.status == 303 && done.trips == 2)
    #expect(again.status == 422)
    #expect(again.error(beside: "answer-reason") == "Somebody has answered them already.")
    #expect(!after.shows("Waits for an answer") && !after.shows("Answered otherwise"))
    #expect(timeline.shows("Answered them otherwise. Conversation Sam Sales Rang her."))
    #expect(
      try acme.count("leads", where: "contact_status = 'contacted' and last_contact_at is not null")
        == 1)
    #expect(try acme.count("audit_log", where: "field = 'awaiting_reply' and new = 'no'") == 1)
  }
}
