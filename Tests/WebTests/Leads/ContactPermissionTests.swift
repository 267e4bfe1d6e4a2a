import Postgres
import TestSupport
import Testing

@Suite struct `Who may be contacted` {
  private func add(_ acme: TestTenant, _ lead: String, phone: String = "+33612345678") throws
    -> String
  {
    try acme.change(
      "update contacts set phone = \(phone) where id = \(try acme.contact(of: lead))::uuid")
    return try acme.contact(of: lead)
  }

  @Test func `is said for each person and way, with the reason, since when and by whom`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(email: "claire@fontaine.example")
    let contact = try add(acme, lead)

    let before = try acme.sales.get("/leads/\(lead)")
    let posted = try acme.sales.post(
      "/leads/\(lead)/contacts/\(contact)/prohibition",
      ["kind": "phone", "reason": "Wants letters only"])
    let after = try acme.sales.follow(posted)

    #expect(before.shows("claire@fontaine.example May be e-mailed, after approval"))
    #expect(before.shows("+33612345678 May be called"))
    #expect(posted.trips == 2)
    #expect(after.shows("May not be called: Wants letters only since just now , by Sam Sales"))
    #expect(after.shows("claire@fontaine.example May be e-mailed, after approval"))
    #expect(try acme.count("outbox_events", where: "type = 'DncAdded'") == 1)
  }

  @Test func `an address holds at every lead it stands at, until it is allowed again`() throws {
    let acme = try TestTenant.fresh()
    let (one, other) = (try acme.lead(title: "One"), try acme.lead(title: "Other"))
    let contact = try acme.contact(of: one)

    _ = try acme.sales.post(
      "/leads/\(one)/contacts/\(contact)/prohibition", ["kind": "email", "reason": "Asked"])
    let listed = try acme.sales.get("/leads/\(other)")
    let again = try acme.sales.post(
      "/leads/\(other)/contacts/\(contact)/prohibition", ["kind": "email", "reason": "Twice"])
    _ = try acme.sales.post(
      "/leads/\(other)/contacts/\(contact)/permission", ["kind": "email", "reason": "Wrote to us"])
    let allowed = try acme.sales.get("/leads/\(one)")

    #expect(listed.shows("Nobody at this lead may be e-mailed"))
    #expect(again.status == 422)
    #expect(allowed.shows("May be e-mailed, after approval"))
    #expect(try acme.count("dnc_entries", where: "removed_reason = 'Wrote to us'") == 1)
  }

  @Test func `a reason is needed, and what was typed stays`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let contact = try acme.contact(of: lead)

    let page = try acme.sales.post(
      "/leads/\(lead)/contacts/\(contact)/prohibition", ["kind": "email", "reason": " "])

    #expect(page.status == 422)
    #expect(
      page.error(beside: "email-\(contact)") == "Say why, for those who come after you.")
    #expect(try acme.count("dnc_entries") == 0)
  }

  @Test func `the reviewer is told before anybody approves`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(email: "claire@fontaine.example")
    let draft = try acme.draft(isSubmitted: true, lead: lead)
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts/\(try acme.contact(of: lead))/prohibition",
      ["kind": "email", "reason": "Asked"])

    let card = try acme.reviewer.get("/review/\(draft)")

    #expect(card.shows("May not be sent"))
    #expect(card.shows("On the do-not-contact list: claire@fontaine.example"))
  }

  @Test func `the database does not let the last bytes leave to a listed address`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let draft = try acme.draft(isSubmitted: true, lead: lead)
    _ = try acme.approve(draft)
    try acme.change(
      """
      update deliveries set state = 'leased', lease_token = 7, lease_owner = 'test',
        lease_until = clock_timestamp() + interval '1 minute' where tenant_id = app.tenant()
      """)
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts/\(try acme.contact(of: lead))/prohibition",
      ["kind": "email", "reason": "Asked at the last moment"])

    let error = #expect(throws: PostgresError.self) {
      try acme.change(
        "select app.mark_committing(id, 7) from deliveries where tenant_id = app.tenant()")
    }

    #expect(error?.constraint == "deliveries_dnc")
  }

  @Test func `suppression of the lead shows at each address, and leaves the numbers alone`() throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    _ = try add(acme, lead)
    _ = try acme.sales.post("/leads/\(lead)/suppression", ["reason": "Dispute"])

    let page = try acme.sales.get("/leads/\(lead)")

    #expect(page.shows("May not be e-mailed: Dispute since"))
    #expect(page.shows("May be called"))
  }

  @Test func `the list keeps who did it, and a removed entry stays removed`() throws {
    let acme = try TestTenant.fresh()
    let session = acme.sales.session
    try TestDatabase.open(as: .web).write(as: session) { tx in
      tx.run(
        "add",
        """
        insert into dnc_entries (tenant_id, id, kind, address, reason, source)
        values (app.tenant(), gen_random_uuid(), 'email', 'a@b.example', 'Asked', 'member')
        """)
    }
    try TestDatabase.open(as: .web).write(as: session) { tx in
      tx.run("remove", "update dnc_entries set removed_at = now(), removed_reason = 'Mistake'")
    }
    let error = #expect(throws: PostgresError.self) {
      try TestDatabase.open(as: .web).write(as: session) { tx in
        tx.run("back", "update dnc_entries set removed_at = null, removed_reason = null")
      }
    }

    #expect(error?.constraint == "dnc_entries_removed")
    #expect(
      try acme.count(
        "dnc_entries",
        where: "created_by = \(acme.sales.user) and removed_by = \(acme.sales.user)") == 1)
  }

  @Test(arguments: ["A@b.example", "b.example", "+0612345678", "0612345678", "a b@c.example"])
  func `an address stands there in one spelling only`(address: String) throws {
    let acme = try TestTenant.fresh()
    for kind in ["email", "phone"] {
      let error = #expect(throws: PostgresError.self) {
        try TestDatabase.open(as: .web).write(as: acme.sales.session) { tx in
          tx.run(
            "add",
            """
            insert into dnc_entries (tenant_id, id, kind, address, reason, source)
            values (app.tenant(), gen_random_uuid(), \(kind), \(address), 'x', 'member')
            """)
        }
      }
      #expect(error?.constraint == "dnc_entries_spelling")
    }
  }
}
