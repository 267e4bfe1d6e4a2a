import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Changing a lead` {
  @Test func `a move writes its history and its event`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let answer = try acme.sales.post("/leads/\(lead)/stage", ["stage": "discovery"])
    let record = try acme.sales.follow(answer)

    #expect(answer.trips == 2)
    #expect(record.shows("Moved from New to Discovery."))
    #expect(try acme.count("lead_stage_history", where: "to_stage = 'discovery'") == 1)
    #expect(try acme.count("outbox_events", where: "type = 'StageChanged'") == 1)
  }

  @Test func `a move back needs a reason, and the reason is kept`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/stage", ["stage": "proposal"])

    let silent = try acme.sales.post("/leads/\(lead)/stage", ["stage": "discovery", "reason": ""])
    let spoken = try acme.sales.post(
      "/leads/\(lead)/stage", ["stage": "discovery", "reason": "Wants another layout"])

    #expect(silent.status == 422)
    #expect(silent.error(beside: "stage-reason") == "Say why.")
    #expect(try acme.sales.follow(spoken).shows("Wants another layout"))
  }

  @Test func `an edit is logged field by field`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let form = try acme.sales.get("/leads/\(lead)/edit")

    let answer = try acme.sales.post(
      "/leads/\(lead)",
      [
        "revision": try #require(form.hidden("revision")), "title": "Two kitchens",
        "first_name": "Claire", "last_name": "Fontaine", "email": "claire@fontaine.example",
        "phone": "+33 6 12 34 56 78",
      ])

    #expect(answer.status == 303)
    #expect(
      try acme.count(
        "audit_log", where: "field = 'title' and old = 'New kitchen' and new = 'Two kitchens'") == 1
    )
    #expect(
      try acme.count("audit_log", where: "action = 'contact_edited' and new = '+33612345678'") == 1)
    #expect(try acme.count("audit_log", where: "action = 'lead_updated'") == 2)
    #expect(try acme.count("leads", where: "contact_phone = '+33612345678'") == 1)
  }

  @Test func `an edit of a lead that somebody saved meanwhile overwrites nothing`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let seen = try #require(try acme.sales.get("/leads/\(lead)/edit").hidden("revision"))
    _ = try acme.admin.post(
      "/leads/\(lead)", ["revision": seen, "title": "Theirs", "last_name": "Fontaine"])

    let page = try acme.sales.post(
      "/leads/\(lead)", ["revision": seen, "title": "Mine", "last_name": "Fontaine"])

    #expect(page.status == 409)
    #expect(page.shows("Ada Admin saved this lead while you were writing"))
    #expect(page.typed("title") == "Mine")
    #expect(try acme.count("leads", where: "title = 'Theirs'") == 1)
  }

  @Test func `two who change the tags keep each other's`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/tags", ["tags": "old, both"])
    let page = try acme.sales.get("/leads/\(lead)")

    let first = try acme.admin.post(
      "/leads/\(lead)/tags", ["was": "old both", "tags": "both, vip"])
    let second = try acme.sales.post(
      "/leads/\(lead)/tags", ["was": "old both", "tags": "old, both, fair"])

    #expect(page.has("name=\"was\" value=\"old both\""))
    #expect(first.status == 303 && second.status == 303)
    #expect(try acme.count("leads", where: "tags = array['both', 'vip', 'fair']") == 1)
  }

  @Test(arguments: [
    ("stage", "stage", "new", "discovery", "proposal", "Discovery"),
    ("contact-status", "contact_status", "new", "engaged", "contacted", "Engaged"),
    ("outcome", "outcome", "open", "on_ice", "lost", "On hold"),
    ("follow-up", "day", "", "2031-02-03", "2031-05-06", "2031-02-03"),
  ])
  func `what somebody else set meanwhile is shown, not overwritten`(
    deed: String, field: String, was: String, theirs: String, mine: String, saved: String
  ) throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let guarded = try acme.sales.get("/leads/\(lead)").has(
      "<input type=\"hidden\" name=\"was\" value=\"\(was)\">")
    _ = try acme.admin.post("/leads/\(lead)/\(deed)", ["was": was, field: theirs, "reason": "R"])

    let page = try acme.sales.post(
      "/leads/\(lead)/\(deed)", ["was": was, field: mine, "reason": "Because of me"])
    let again = try acme.sales.post(
      "/leads/\(lead)/\(deed)", ["was": theirs, field: mine, "reason": "Because of me"])

    #expect(guarded)
    #expect(page.status == 409 && page.trips == 3)
    #expect(page.shows("Somebody was quicker: “\(saved)” is saved now."))
    #expect(page.has("name=\"was\" value=\"\(theirs)\""))
    #expect(
      page.typed(deed == "follow-up" ? "follow-up-day" : "\(deed)-reason")
        == (deed == "follow-up" ? mine : "Because of me"))
    #expect(again.status == 303)
  }

  @Test func `an owner given meanwhile is named, and a follow-up set meanwhile is not taken off`()
    throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let me = acme.sales.user.description
    _ = try acme.admin.post(
      "/leads/\(lead)/assignment", ["was": "", "owner": acme.allrounder.user.description])
    _ = try acme.sales.post("/leads/\(lead)/follow-up", ["was": "", "day": "2031-02-03"])

    let given = try acme.sales.post("/leads/\(lead)/assignment", ["was": "", "owner": me])
    let removed = try acme.sales.post("/leads/\(lead)/follow-up-removal", ["was": "2031-01-01"])

    #expect(given.status == 409)
    #expect(given.shows("“Ole Allrounder” is saved now"))
    #expect(removed.status == 409)
    #expect(try acme.count("leads", where: "next_followup_at is not null") == 1)
  }

  @Test func `an owner given while somebody was writing is named before it is taken back`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let form = try acme.sales.get("/leads/\(lead)/edit")
    let seen = try #require(form.hidden("revision"))
    _ = try acme.admin.post(
      "/leads/\(lead)/assignment", ["owner": acme.allrounder.user.description])

    let page = try acme.sales.post(
      "/leads/\(lead)",
      [
        "revision": seen, "title": form.typed("title") ?? "", "last_name": "Fontaine",
        "owner": acme.sales.user.description,
      ])

    #expect(page.status == 409)
    #expect(page.has("<dt>Owner</dt><dd>Ole Allrounder</dd>"))
    #expect(!page.has("<dt>Title</dt>"))
  }

  @Test func `where others changed only what the form does not show, it says so`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let form = try acme.sales.get("/leads/\(lead)/edit")
    _ = try acme.admin.post("/leads/\(lead)/tags", ["tags": "vip"])

    let page = try acme.sales.post(
      "/leads/\(lead)",
      [
        "revision": form.hidden("revision") ?? "", "title": form.typed("title") ?? "",
        "description": form.typed("description") ?? "",
        "first_name": form.typed("first_name") ?? "", "last_name": form.typed("last_name") ?? "",
        "email": form.typed("email") ?? "", "company": form.typed("company") ?? "",
        "source": form.typed("source") ?? "", "owner": "",
      ])

    #expect(page.status == 409)
    #expect(page.shows("Nothing in your form differs from what is saved now"))
  }

  @Test func `a form sent back for a mistake still knows what it saw`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let seen = try #require(try acme.sales.get("/leads/\(lead)/edit").hidden("revision"))
    _ = try acme.admin.post(
      "/leads/\(lead)", ["revision": seen, "title": "Theirs", "last_name": "Fontaine"])

    let odd = try acme.sales.post(
      "/leads/\(lead)", ["revision": seen, "title": "", "last_name": "Fontaine"])

    #expect(odd.status == 422)
    #expect(odd.hidden("revision") == seen)
  }

  @Test func `what was typed for a lead deleted meanwhile stays on the page`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try acme.admin.post("/leads/\(lead)/deletion")

    let page = try acme.sales.post("/leads/\(lead)/tags", ["was": "", "tags": "vip, fair"])

    #expect(page.status == 422)
    #expect(page.typed("tags-tags") == "vip, fair")
    #expect(page.shows("The lead was deleted. Restore it first."))
  }

  @Test func `a person is not emptied by mistake`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let seen = try #require(try acme.sales.get("/leads/\(lead)/edit").hidden("revision"))

    let page = try acme.sales.post("/leads/\(lead)", ["revision": seen, "title": "New kitchen"])

    #expect(page.status == 422)
    #expect(
      page.error(beside: "last_name")
        == "Keep at least a name, an address or a number of this person.")
  }

  @Test func `e-mail to a lead is stopped and allowed again, each with a reason`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let stopped = try acme.sales.follow(
      try acme.sales.post("/leads/\(lead)/suppression", ["reason": "Asked on the phone"]))
    let allowed = try acme.sales.follow(
      try acme.sales.post("/leads/\(lead)/suppression-removal", ["reason": "Wrote to us again"]))

    #expect(stopped.shows("No e-mail may go to this lead: Asked on the phone"))
    #expect(stopped.shows("Set by Sam Sales"))
    #expect(allowed.shows("E-mail may go to this lead, after approval"))
    #expect(try acme.count("lead_status_history", where: "axis = 'suppressed'") == 2)
  }

  @Test func `pages speak the viewer's language`() throws {
    let acme = try TestTenant.fresh(locale: "fr")

    let page = try acme.sales.get("/leads/new")

    #expect(page.has("<html lang=\"fr\">"))
    #expect(!page.shows("New lead"))
  }
}
