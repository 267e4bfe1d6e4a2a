import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Deciding on a draft` {
  @Test func `approval, status, event, delivery, timeline and audit come together`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()

    let answer = try acme.approve(draft)

    #expect(answer.place == "/review")
    #expect(answer.trips == 2)
    #expect(try acme.status(of: draft) == "approved")
    #expect(try acme.count("approvals", where: "decision = 'approved' and not self_approved") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'DraftApproved'") == 1)
    #expect(try acme.count("deliveries", where: "state = 'ready'") == 1)
    #expect(try acme.count("activities", where: "kind = 'draft_approved'") == 1)
    #expect(try acme.count("audit_log", where: "action = 'draft_approved'") == 1)
  }

  @Test func `the card shows exactly what waits, and the queue lists it`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft(subject: "Two options")

    let queue = try acme.reviewer.get("/review")
    let card = try acme.reviewer.get("/review/\(draft)")

    #expect(queue.shows("Two options"))
    #expect(card.shows("May be sent"))
    #expect(card.shows("Acme Desk <desk@acme.example>"))
    #expect(card.has("<p>Dear Claire,</p>"))
    #expect(queue.trips == 1)
    #expect(card.trips == 1)
  }

  @Test func `the next card follows, and the queue after the last`() throws {
    let acme = try TestTenant.fresh()
    let first = try acme.waitingDraft(subject: "First")
    let second = try acme.waitingDraft(subject: "Second")

    #expect(try acme.approve(first).location == "/review/\(second)?said=approved")
    #expect(try acme.approve(second).place == "/review")
  }

  @Test func `the same text again is said to be the same`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    _ = try acme.sales.post("/drafts/\(draft)/withdrawal")
    _ = try acme.sales.post(
      "/drafts/\(draft)/submission", ["revision": try acme.revision(of: draft)])

    let card = try acme.reviewer.get("/review/\(draft)")

    #expect(card.shows("Exactly the same as version 1"))
    #expect(!card.shows("Changes since the last submission"))
  }

  @Test func `a draft that changed since it was shown is not approved, and what changed is`() throws
  {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    let seen = try acme.hash(of: draft)
    _ = try acme.sales.post("/drafts/\(draft)/withdrawal")
    _ = try acme.sales.post(
      "/drafts/\(draft)",
      [
        "revision": try acme.revision(of: draft), "subject": "Your kitchen",
        "content_md": "Dear Claire,\n\nsend money.", "to": try acme.contact(ofDraft: draft),
        "then": "submit",
      ])

    let page = try acme.reviewer.post(
      "/drafts/\(draft)/approval", ["content_sha256": seen, "comment": "Fine"])

    #expect(page.status == 409)
    #expect(page.heading == "The draft changed since you opened it")
    #expect(page.shows("Added: send money."))
    #expect(page.shows("Removed: hello."))
    #expect(page.typed("kept") == "Fine")
    #expect(try acme.count("approvals") == 0)
  }

  @Test func `nobody approves what they wrote`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft(by: acme.allrounder)

    let card = try acme.allrounder.get("/review/\(draft)")
    let answer = try acme.allrounder.post(
      "/drafts/\(draft)/approval", ["content_sha256": try acme.hash(of: draft)])

    #expect(card.shows("another reviewer decides on it"))
    #expect(answer.status == 403)
    #expect(try acme.status(of: draft) == "under_review")
  }

  @Test func `nobody approves what they edited last`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.draft()
    _ = try acme.allrounder.post(
      "/drafts/\(draft)",
      [
        "revision": try acme.revision(of: draft), "subject": "Edited", "content_md": "Edited",
        "to": try acme.contact(ofDraft: draft), "then": "save",
      ])
    _ = try acme.sales.post(
      "/drafts/\(draft)/submission", ["revision": try acme.revision(of: draft)])

    let answer = try acme.allrounder.post(
      "/drafts/\(draft)/approval", ["content_sha256": try acme.hash(of: draft)])

    #expect(answer.status == 403)
    #expect(try acme.status(of: draft) == "under_review")
  }

  @Test func `a tenant that allows it may approve its own, and the approval says so`() throws {
    let acme = try TestTenant.fresh()
    try acme.change(
      "insert into tenant_settings (tenant_id, key, value) values (app.tenant(), 'self_approval', 'true')"
    )
    let draft = try acme.waitingDraft(by: acme.allrounder)

    let answer = try acme.allrounder.post(
      "/drafts/\(draft)/approval", ["content_sha256": try acme.hash(of: draft)])

    #expect(answer.status == 303)
    #expect(try acme.count("approvals", where: "self_approved") == 1)
  }

  @Test func `pressing twice approves once`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    let hash = try acme.hash(of: draft)

    let first = try acme.reviewer.post(
      "/drafts/\(draft)/approval", ["content_sha256": hash], once: "k")
    let second = try acme.reviewer.post(
      "/drafts/\(draft)/approval", ["content_sha256": hash], once: "k")

    #expect(second.location == first.location)
    #expect(try acme.count("deliveries") == 1)
  }

  @Test func `two reviewers who press at once: one decides, the other is told`() async throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    let hash = try acme.hash(of: draft)
    let people = [acme.reviewer, acme.allrounder].map { ($0.token, $0.user) }

    let statuses = try await withThrowingTaskGroup { group in
      for (token, user) in people {
        group.addTask {
          try Browser(token: token, user: user)
            .post("/drafts/\(draft)/approval", ["content_sha256": hash]).status
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }

    #expect(statuses.sorted() == [303, 409])
    #expect(try acme.count("approvals") == 1)
    #expect(try acme.count("deliveries") == 1)
  }

  @Test func `a no needs a reason that the author can read`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    let hash = try acme.hash(of: draft)

    let silent = try acme.reviewer.post(
      "/drafts/\(draft)/change-request", ["content_sha256": hash, "comment": "  "])
    let spoken = try acme.reviewer.post(
      "/drafts/\(draft)/change-request", ["content_sha256": hash, "comment": "Shorter, please."])
    let desk = try acme.sales.get("/drafts/\(draft)/edit")

    #expect(silent.status == 422)
    #expect(
      silent.error(beside: "comment") == "Say what to change, or why not: the author reads it.")
    #expect(spoken.status == 303)
    #expect(desk.shows("Rita Reviewer asked for changes"))
    #expect(desk.shows("Shorter, please."))
  }

  @Test func `the next submission shows what changed since the last`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    _ = try acme.reviewer.post(
      "/drafts/\(draft)/change-request",
      ["content_sha256": try acme.hash(of: draft), "comment": "Say more."])
    _ = try acme.sales.post(
      "/drafts/\(draft)",
      [
        "revision": try acme.revision(of: draft), "subject": "Your kitchen",
        "content_md": "Dear Claire,\n\nhello and more.", "to": try acme.contact(ofDraft: draft),
        "then": "submit",
      ])

    let card = try acme.reviewer.get("/review/\(draft)")

    #expect(card.shows("Added: hello and more."))
    #expect(card.shows("Removed: hello."))
  }

  @Test func `a suppressed lead is told on the card before anybody approves`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let draft = try acme.draft(isSubmitted: true, lead: lead)
    _ = try acme.sales.post("/leads/\(lead)/suppression", ["reason": "Asked not to be written to"])

    let card = try acme.reviewer.get("/review/\(draft)")

    #expect(card.shows("May not be sent"))
    #expect(card.shows("No e-mail may go to this lead: Asked not to be written to"))
  }
}

extension TestTenant {
  fileprivate func contact(ofDraft draft: String) throws -> String {
    try look(
      Query(
        "TestTenant.contactOfDraft",
        "select contact_id::text from draft_recipients where draft_id = \(draft)::uuid limit 1",
        only: { try $0.next() }))
  }
}
