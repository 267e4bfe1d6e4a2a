import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `The record of a lead` {
  private func revision(of lead: String, _ acme: TestTenant) throws -> String {
    try acme.sales.get("/leads/\(lead)/edit").hidden("revision") ?? ""
  }

  @Test(arguments: ["", "/drafts", "/conversation", "/history"])
  func `each tab has the same frame, knows its place and costs one round trip`(tab: String) throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "New kitchen")

    let page = try acme.sales.get("/leads/\(lead)\(tab)")

    #expect(page.status == 200)
    #expect(page.trips == 1)
    #expect(page.heading == "New kitchen")
    #expect(page.shows("Next step"))
    #expect(page.has("<a href=\"/leads/\(lead)\(tab)\" aria-current=\"page\">"))
  }

  @Test func `the timeline shows one kind, one person, or both, as its address says`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/notes", ["body": "Sam wrote this"])
    _ = try acme.admin.post("/leads/\(lead)/notes", ["body": "Ada wrote this"])
    _ = try acme.admin.post("/leads/\(lead)/stage", ["stage": "discovery"])

    let notes = try acme.sales.get("/leads/\(lead)?kind=notes")
    let mine = try acme.sales.get("/leads/\(lead)?kind=notes&actor=\(acme.sales.user)")
    let machine = try acme.sales.get("/leads/\(lead)?actor=system")
    let odd = try acme.sales.get("/leads/\(lead)?kind=nonsense&actor=nobody")

    #expect(notes.shows("Sam wrote this") && notes.shows("Ada wrote this"))
    #expect(!notes.shows("Moved from New"))
    #expect(mine.shows("Sam wrote this") && !mine.shows("Ada wrote this"))
    #expect(machine.shows("Nothing of this kind by this person."))
    #expect(odd.shows("Moved from New to Discovery."))
  }

  @Test func `every kind of the timeline belongs to one group`() {
    let groups = Activity.Kind.allCases.map(\.group)

    #expect(Set(groups) == Set(Activity.Group.allCases))
  }

  @Test func `the timeline asks for its page first, and for what it speaks of by key`() throws {
    let acme = try TestTenant.fresh()
    let lead = try #require(ID<Lead>(try acme.lead()))
    try acme.change(
      """
      with thread as (
        insert into threads (tenant_id, id, lead_id, channel)
        values (app.tenant(), gen_random_uuid(), \(lead), 'form') returning id)
      insert into messages (tenant_id, id, thread_id, role, content)
      select app.tenant(), gen_random_uuid(), thread.id, 'lead', 'x' from thread, generate_series(1, 5000)
      """)
    // All that it joins: what other tests left there would decide otherwise.
    _ = try TestDatabase.open(as: .superuser).call(
      Query(
        "analyze",
        "analyze crm.messages, crm.threads, crm.activities, crm.notes, crm.ai_actions, crm.memberships",
        decode: { _ in }))

    let (_, plan) = try TestDatabase.open(as: .web).read(
      as: acme.sales.session,
      Query(
        "plan", "explain (costs off) \(Activity.latest(of: lead).sql)",
        all: { (row: inout Row) -> String in try row.next() }))

    #expect(
      plan.contains { $0.contains("Index Cond") && $0.contains("'message'") },
      "\(plan.joined(separator: "\n"))")
  }

  @Test func `a long timeline is paged and keeps its filter`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    try acme.change(
      """
      insert into activities (tenant_id, id, lead_id, kind, data)
      select app.tenant(), gen_random_uuid(), \(lead)::uuid, 'draft_created',
             jsonb_build_object('subject', 'Letter ' || i) from generate_series(1, 60) i
      """)

    let first = try acme.sales.get("/leads/\(lead)?kind=drafts")
    let second = try acme.sales.get(try #require(first.link("Next page")))

    #expect(first.html.split(separator: "Started “").count == 51)
    #expect(second.html.split(separator: "Started “").count == 11)
    #expect(second.link("First page") == "/leads/\(lead)?kind=drafts")
  }

  @Test func `the history tells each field, what it was and became, in words`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "New kitchen")
    _ = try acme.sales.post(
      "/leads/\(lead)",
      [
        "title": "Old kitchen", "estimated_value": "1200", "currency": "EUR",
        "owner": acme.admin.user.description,
        "first_name": "Claire", "last_name": "Fontaine", "email": "claire@fontaine.example",
        "revision": try revision(of: lead, acme),
      ])
    _ = try acme.sales.post("/leads/\(lead)/stage", ["stage": "proposal"])
    _ = try acme.sales.post(
      "/leads/\(lead)/outcome", ["outcome": "lost", "reason": "Too expensive"])

    let page = try acme.sales.get("/leads/\(lead)/history")

    #expect(page.shows("Title: New kitchen → Old kitchen"))
    #expect(page.shows("Value: 1200 EUR"))
    #expect(page.shows("Ada Admin"))
    #expect(page.shows("Stage: New → Proposal"))
    #expect(page.shows("Outcome: Open → Lost"))
    #expect(page.shows("Too expensive"))
  }

  @Test func `each row of the timeline says what changed, and leads to it`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.sales.post(
      "/leads", ["title": "New kitchen", "source": "fair", "message": "The tap drips."]
    ).id
    _ = try acme.sales.post(
      "/leads/\(lead)",
      [
        "title": "Old kitchen", "company": "Fontaine", "source": "fair", "language": "en",
        "revision": try revision(of: lead, acme),
      ])
    _ = try acme.sales.post(
      "/leads/\(lead)/questions", ["text": "Which oven?", "category": "need"])
    let asked = try acme.sales.get("/leads/\(lead)")
    let question = try #require(asked.link("Question"))
    _ = try acme.sales.post(
      "\(question)/answers", ["body": "A large one.", "channel": "call"])
    _ = try acme.sales.post(
      "/leads/\(lead)/outcome",
      ["outcome": "won", "value": "18400", "currency": "EUR", "client": "Fontaine SA"])

    let page = try acme.sales.get("/leads/\(lead)")

    #expect(page.trips == 1)
    #expect(page.shows("Lead captured from “fair”. History"))
    #expect(page.shows("Wrote to us. Conversation Sam Sales The tap drips."))
    #expect(page.link("Conversation") == "/leads/\(lead)/conversation")
    #expect(page.shows("Edited: Title, Company. History"))
    #expect(page.shows("Added the question “Which oven?”. Question"))
    #expect(page.shows("Recorded an answer to “Which oven?”. Question"))
    #expect(question.hasPrefix("/questions/"))
    #expect(page.shows("Open → Won. €18,400 · Fontaine SA History"))
  }

  @Test func `the history says what brought a contact status about`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    _ = try acme.sales.post(
      "/leads/\(lead)/contact-status", ["contact_status": "engaged", "reason": "Called back"])

    let history = try acme.sales.get("/leads/\(lead)/history")
    #expect(
      history.shows("Contact status: Not contacted yet → Engaged by hand · Sam Sales Called back"))
  }

  @Test func `the conversation shows what was said, newest first, and who waits`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let empty = try acme.sales.get("/leads/\(lead)/conversation")
    try acme.change(
      """
      with thread as (
        insert into threads (tenant_id, id, lead_id, channel, subject, awaiting_reply)
        values (app.tenant(), gen_random_uuid(), \(lead)::uuid, 'form', 'Kitchen', true) returning id)
      insert into messages (tenant_id, id, thread_id, role, content)
      select app.tenant(), ('0199c82c-c000-7001-8000-00000000000' || i)::uuid, thread.id,
             case i when 1 then 'lead' else 'operator' end, 'Message ' || i
      from thread, generate_series(1, 2) i
      """)

    let page = try acme.sales.get("/leads/\(lead)/conversation")

    #expect(empty.shows("No message yet."))
    #expect(page.shows("From the lead Web form · Kitchen"))
    #expect(page.shows("Message 2 From the lead"))
    #expect(!page.shows("Waits for an answer"), "the last word is ours")
  }

  @Test func `a follow-up is set, shown, due on Today, and done`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Call back")
    _ = try acme.sales.post(
      "/leads/\(lead)",
      [
        "title": "Call back", "owner": acme.sales.user.description, "last_name": "X",
        "revision": try revision(of: lead, acme),
      ])

    let set = try acme.sales.follow(
      try acme.sales.post("/leads/\(lead)/follow-up", ["day": "2026-01-15"]))
    let today = try acme.sales.get("/today")
    let same = try acme.sales.post("/leads/\(lead)/follow-up", ["day": "2026-01-15"])
    let odd = try acme.sales.post("/leads/\(lead)/follow-up", ["day": "2026-02-30"])
    _ = try acme.sales.post("/leads/\(lead)/follow-up", ["day": "2199-01-01"])
    let later = try acme.sales.get("/today")
    let done = try acme.sales.follow(try acme.sales.post("/leads/\(lead)/follow-up-removal"))

    #expect(set.shows("Follow-up overdue since Thursday 15 January"))
    #expect(today.shows("Call back Follow-up overdue since"))
    #expect(today.trips == 1)
    #expect(same.error(beside: "follow-up-day") == "It is on that day already.")
    #expect(odd.error(beside: "follow-up-day") == "Choose a day.")
    #expect(!later.shows("To follow up"))
    #expect(done.shows("Followed up, or no longer to be."))
    #expect(try acme.count("leads", where: "next_followup_at is null") == 1)
    #expect(try acme.count("audit_log", where: "field = 'next_followup_at'") == 3)
  }

  @Test func `only what is mine, open and due today or before stands on Today`() throws {
    let acme = try TestTenant.fresh()
    let me = acme.sales.user.description
    for (title, owner, days) in [
      ("Mine, due", me, 0), ("Another's", acme.admin.user.description, 0), ("Tomorrow", me, 1),
    ] {
      let lead = try acme.sales.post("/leads", ["title": title, "owner": owner]).id
      try acme.change(
        """
        update leads set next_followup_at = date_trunc('day', now()) + make_interval(days => \(days))
        where id = \(lead)::uuid
        """)
    }

    let section = try acme.sales.get("/today").text.split(separator: "Leads waiting").first ?? ""

    #expect(section.contains("Mine, due Follow up today"))
    #expect(!section.contains("Another's") && !section.contains("Tomorrow"))
  }
}
