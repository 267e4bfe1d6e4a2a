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
    #expect(try acme.count("audit_log", where: "field = 'phone' and new = '+33612345678'") == 1)
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
