import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Merging two leads` {
  let acme: TestTenant
  let kept: String
  let other: String

  init() throws {
    acme = try TestTenant.fresh()
    kept = try acme.lead(title: "Kitchen", email: "claire@fontaine.example")
    other = try acme.sales.post(
      "/leads",
      [
        "title": "New kitchen", "company": "Maison Fontaine", "estimated_value": "900",
        "currency": "EUR",
        "last_name": "Dupont", "email": "paul@dupont.example", "message": "The tap drips.",
      ]
    ).id
  }

  private func merge(
    _ kept: String, _ other: String, _ choices: [(String, String)] = [], by browser: Browser? = nil
  ) throws -> Page {
    let form = try acme.sales.get("/leads/\(kept)/merge?with=\(other)")
    return try (browser ?? acme.sales).postPairs(
      "/leads/\(kept)/merge",
      [
        ("with", other), ("revision", form.hidden("revision") ?? ""),
        ("other_revision", form.hidden("other_revision") ?? ""),
      ] + choices)
  }

  @Test func `asks field by field which value stays`() throws {
    let form = try acme.sales.get("/leads/\(kept)/merge?with=\(other)")

    #expect(form.trips == 1)
    #expect(form.shows("Title Kitchen New kitchen"))
    #expect(form.shows("Company – Maison Fontaine"))
    #expect(form.has("name=\"take_company\" value=\"other\" checked"))
    #expect(form.has("name=\"take_title\" value=\"this\" checked"))
  }

  @Test func `keeps one lead with what was chosen, both people, and both histories`() throws {
    let answer = try merge(kept, other, [("take_company", "other"), ("take_title", "this")])
    let record = try acme.sales.get("/leads/\(kept)")

    #expect(answer.status == 303 && answer.trips == 2)
    #expect(record.heading == "Kitchen Maison Fontaine")
    #expect(record.shows("Claire Fontaine") && record.shows("Dupont"))
    #expect(record.shows("Merged with “New kitchen”."))
    #expect(record.shows("Wrote to us."))
    #expect(try acme.sales.get("/leads/\(kept)/conversation").shows("The tap drips."))
    #expect(try acme.sales.get("/leads").leadTitles == ["Kitchen"])
    let gone = try acme.sales.get("/leads/\(other)")
    #expect(gone.link("Kitchen") == "/leads/\(kept)")
    #expect(!gone.has("/leads/\(other)/restoration"))
    #expect(try acme.count("outbox_events", where: "type = 'LeadMerged'") == 2)
  }

  @Test func `and taking it back leaves both as they were`() throws {
    let before = try acme.dump()

    let answer = try merge(
      kept, other,
      [("take_company", "other"), ("take_title", "other"), ("take_estimated_value", "other")])
    #expect(try acme.dump() != before)
    _ = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(try acme.dump() == before)
    #expect(try acme.count("operation_changes", where: "outcome = 'refused'") == 0)
  }

  @Test func `and taking it back keeps what was edited in between, by name`() throws {
    let answer = try merge(kept, other, [("take_title", "other")])
    let form = try acme.sales.get("/leads/\(kept)/edit")
    _ = try acme.sales.post(
      "/leads/\(kept)",
      [
        "title": "Edited", "first_name": "Claire", "last_name": "Fontaine",
        "email": "claire@fontaine.example", "revision": form.hidden("revision") ?? "",
      ])

    let undone = try acme.sales.follow(try acme.sales.post("\(answer.place ?? "")/undo"))

    #expect(undone.shows("1 field was edited since and stays as it is."))
    #expect(undone.shows("Edited edited since, stays Title"))
    #expect(try acme.sales.get("/leads").leadTitles.sorted() == ["Edited", "New kitchen"])
  }

  @Test func `of a chain the later one is taken back first, then the earlier`() throws {
    let before = try acme.dump()
    let third = try acme.lead(title: "Third", email: "third@example.com")
    let withThird = try acme.dump()
    let first = try merge(kept, other)
    let second = try merge(third, kept)

    let refused = try acme.sales.post("\(first.place ?? "")/undo")
    _ = try acme.sales.post("\(second.place ?? "")/undo")
    _ = try acme.sales.post("\(first.place ?? "")/undo")

    #expect(refused.status == 409)
    #expect(refused.shows("Take that merge back first."))
    #expect(try acme.dump() == withThird)
    #expect(before != withThird)
  }

  @Test func `and taking it back leaves no name of a person who is not there`() throws {
    let nobody = try acme.sales.post("/leads", ["title": "Nobody's"]).id
    let before = try acme.dump()
    let answer = try merge(nobody, other)
    #expect(try acme.count("leads", where: "id = \(nobody)::uuid and contact_name = 'Dupont'") == 1)

    _ = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(try acme.dump() == before)
  }

  @Test func `carries what people are to the leads, and brings it back`() throws {
    let paul = try acme.contact(of: other)
    _ = try acme.sales.post("/leads/\(kept)/contacts", ["email": "paul@dupont.example"])
    _ = try acme.sales.post("/leads/\(other)/contacts", ["last_name": "Third", "role": "user"])
    _ = try acme.sales.post("/leads/\(other)/contacts/\(paul)/role", ["was": "", "role": "pays"])
    let before = try acme.dump()

    let answer = try merge(kept, other)
    let record = try acme.sales.get("/leads/\(kept)")
    let undone = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(record.shows("Dupont pays") && record.shows("Third user"))
    #expect(undone.status == 303)
    #expect(try acme.dump() == before)
    #expect(try acme.count("operation_changes", where: "outcome = 'refused'") == 0)
  }

  @Test func `a role edited since stays when the merge is taken back`() throws {
    let paul = try acme.contact(of: other)
    _ = try acme.sales.post("/leads/\(kept)/contacts", ["email": "paul@dupont.example"])
    _ = try acme.sales.post("/leads/\(other)/contacts/\(paul)/role", ["was": "", "role": "pays"])
    let answer = try merge(kept, other)
    _ = try acme.sales.post(
      "/leads/\(kept)/contacts/\(paul)/role", ["was": "pays", "role": "decides"])

    let undone = try acme.sales.follow(try acme.sales.post("\(answer.place ?? "")/undo"))

    #expect(undone.shows("1 field was edited since and stays as it is."))
    #expect(undone.shows("Kitchen edited since, stays Role"))
    #expect(
      try acme.count("lead_contacts", where: "lead_id = \(kept)::uuid and role = 'decides'") == 1)
  }

  @Test func `takes the earlier follow-up`() throws {
    _ = try acme.sales.post("/leads/\(other)/follow-up", ["day": "2030-01-15"])
    _ = try merge(kept, other)

    #expect(
      try acme.count("leads", where: "id = \(kept)::uuid and next_followup_at is not null") == 1)
  }

  @Test func `starts no new version of a draft of the one that went`() throws {
    let draft = try acme.waitingDraft()
    _ = try acme.reviewer.post(
      "/drafts/\(draft)/rejection",
      ["content_sha256": try acme.hash(of: draft), "comment": "no"])
    let lead: String = try acme.look(
      Query(
        "lead", "select lead_id::text from drafts where id = \(draft)::uuid",
        only: { try $0.next() }))
    _ = try merge(kept, lead)

    let next = try acme.sales.post("/drafts/\(draft)/versions")

    #expect(next.status == 409)
    #expect(try acme.count("drafts") == 1)
  }

  @Test func `a chain of merges is read on the last one`() throws {
    let third = try acme.lead(title: "Third", email: "third@example.com")
    _ = try merge(kept, other)
    _ = try merge(third, kept)

    #expect(try acme.count("leads", where: "merged_into = \(third)::uuid") == 2)
    #expect(try acme.sales.get("/leads/\(third)").shows("Wrote to us."))
  }

  private func relate(_ lead: String, _ role: String, _ friend: String) throws -> Page {
    try acme.sales.post(
      "/leads/\(lead)/relationships", ["other": friend, "role": role, "find": "o"])
  }

  @Test func `keeps whom the two are related to, on either side, and undo puts them back`() throws {
    let friend = try acme.lead(title: "Friend", email: "friend@example.com")
    let third = try acme.lead(title: "Third", email: "third@example.com")
    _ = try relate(other, "referred_by", friend)

    let answer = try merge(kept, other)
    let record = try acme.sales.get("/leads/\(kept)")
    let drawing = try acme.sales.get("/leads/\(kept)/relationships")
    let theirs = try acme.sales.get("/leads/\(friend)")
    let chain = try merge(third, kept)
    #expect(record.shows("was referred by Friend"))
    #expect(drawing.has("<title>Friend</title>") && drawing.shows("Friend referred Kitchen"))
    #expect(theirs.shows("referred Kitchen") && !theirs.shows("referred New kitchen"))
    #expect(try acme.sales.get("/leads/\(third)").shows("was referred by Friend"))
    #expect(try acme.sales.get("/leads/\(friend)/relationships").has("<title>Third</title>"))
    #expect(!(try acme.sales.get("/leads/\(other)").shows("was referred by")))

    _ = try acme.sales.post("\(chain.place ?? "")/undo")
    _ = try acme.sales.post("\(answer.place ?? "")/undo")
    #expect(try acme.sales.get("/leads/\(other)").shows("was referred by Friend"))
    #expect(!(try acme.sales.get("/leads/\(kept)").shows("was referred by")))
  }

  @Test func `says once what was noted at both, and nothing of the two to each other`() throws {
    let friend = try acme.lead(title: "Friend", email: "friend@example.com")
    for lead in [kept, other] { _ = try relate(lead, "colleague", friend) }
    _ = try relate(kept, "same_company", other)

    let answer = try merge(kept, other)
    let page = try acme.sales.get("/leads/\(kept)/relationships")
    let again = try relate(friend, "colleague", kept)
    let removal = try #require(
      page.html.split(separator: "\"").first {
        $0.hasSuffix("/removal") && $0.contains("relationships")
      })
    let removed = try acme.sales.post(String(removal))
    let after = try acme.sales.get("/leads/\(friend)/relationships")
    _ = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(page.html.split(separator: "<path class=\"tie\"").count == 2)
    #expect(!page.shows("same company as"))
    #expect(again.status == 422)
    #expect(removed.status == 303)
    #expect(after.shows("No relationship is noted yet."))
    #expect(try acme.sales.get("/leads/\(kept)/relationships").shows("same company as"))
  }

  @Test func `is refused while the other has drafts under way`() throws {
    _ = try acme.draft(lead: other)

    let page = try merge(kept, other)

    #expect(page.status == 409)
    #expect(page.shows("The other lead has drafts that are not finished."))
    #expect(try acme.count("operations") == 0)
  }

  @Test func `is refused where one may not be written to`() throws {
    _ = try acme.sales.post("/leads/\(other)/suppression", ["reason": "asked"])

    #expect(try merge(kept, other).shows("One of the two may be written to and the other may not."))
  }

  @Test func `is refused where somebody changed one of the two meanwhile`() throws {
    let page = try acme.sales.postPairs(
      "/leads/\(kept)/merge", [("with", other), ("revision", "0"), ("other_revision", "0")])

    #expect(page.status == 409)
    #expect(page.shows("Somebody changed one of the two."))
  }

  @Test func `finds the other lead by what it shares, or by words`() throws {
    let same = try acme.lead(title: "Same person", email: "claire@fontaine.example")

    let similar = try acme.sales.get("/leads/\(kept)/merge")
    let found = try acme.sales.get("/leads/\(kept)/merge?q=maison")

    #expect(similar.link("Same person") == "/leads/\(kept)/merge?with=\(same)")
    #expect(found.link("New kitchen") == "/leads/\(kept)/merge?with=\(other)")
  }
}

@Suite struct `Merging two contacts` {
  let acme: TestTenant
  let kept: String
  let other: String

  init() throws {
    acme = try TestTenant.fresh()
    kept = try acme.contact(of: try acme.lead(title: "One", email: "claire@home.example"))
    let second = try acme.sales.post(
      "/leads", ["title": "Two", "last_name": "Fontaine-Dupré", "email": "claire@work.example"])
    other = try acme.contact(of: second.id)
  }

  private func merge(_ choices: [(String, String)]) throws -> Page {
    let form = try acme.sales.get("/contacts/\(kept)/merge?with=\(other)")
    return try acme.sales.postPairs(
      "/contacts/\(kept)/merge",
      [
        ("with", other), ("revision", form.hidden("revision") ?? ""),
        ("other_revision", form.hidden("other_revision") ?? ""),
      ] + choices)
  }

  @Test func `gives all leads to the one that stays, and comes undone`() throws {
    let before = try acme.dump()

    let answer = try merge([("take_last_name", "other"), ("take_email", "other")])
    let person = try acme.sales.get("/contacts/\(kept)")

    #expect(answer.status == 303)
    #expect(person.heading == "Claire Fontaine-Dupré")
    #expect(person.typed("email") == "claire@work.example")
    #expect(person.link("One") != nil && person.link("Two") != nil)
    #expect(try acme.count("leads", where: "contact_email = 'claire@work.example'") == 2)
    let one = try acme.sales.get(try #require(person.link("One")))
    #expect(one.link("What changed") == answer.place)
    #expect(try acme.sales.get("/operations").shows("Two people merged Stands Sam Sales"))

    _ = try acme.sales.post("\(answer.place ?? "")/undo")
    #expect(try acme.dump() == before)
  }

  @Test func `comes undone at its leads too, whatever the login role says is written`() throws {
    let before = try acme.dump()
    let answer = try merge([])
    let operation = String(answer.place?.split(separator: "/").last ?? "")

    try TestDatabase.open(as: .web).write(as: acme.sales.session) { tx in
      tx.run("attack", "select set_config('app.copies', 'written', true)")
      tx.run("attack", "select app.undo_operation(\(operation)::uuid)")
    }

    #expect(try acme.dump() == before)
  }

  @Test func `keeps what the two are to their leads, and brings it back`() throws {
    let lead: String = try acme.look(
      Query(
        "lead", "select lead_id::text from lead_contacts where contact_id = \(other)::uuid",
        only: { try $0.next() }))
    let both = try acme.lead(title: "Both", email: "claire@home.example")
    _ = try acme.sales.post(
      "/leads/\(both)/contacts", ["email": "claire@work.example", "role": "user"])
    _ = try acme.sales.post("/leads/\(lead)/contacts/\(other)/role", ["was": "", "role": "pays"])
    let before = try acme.dump()

    let answer = try merge([])
    let person = try acme.sales.get("/contacts/\(kept)")
    _ = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(person.shows("Two pays · New") && person.shows("Both user · New"))
    #expect(try acme.dump() == before)
  }

  @Test func `is taken back only while the address is free`() throws {
    let answer = try merge([])
    _ = try acme.lead(title: "Newcomer", email: "claire@work.example")

    let refused = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(refused.status == 409)
    #expect(refused.shows("belongs to somebody else by now"))
  }

  @Test func `and taking it back leaves the primary person that somebody chose since`() throws {
    let lead: String = try acme.look(
      Query(
        "lead", "select lead_id::text from lead_contacts where contact_id = \(other)::uuid",
        only: { try $0.next() }))
    let answer = try merge([])
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts", ["last_name": "Chosen", "email": "chosen@example.com"])
    let chosen: String = try acme.look(
      Query(
        "chosen",
        "select id::text from contacts where tenant_id = app.tenant() and last_name = 'Chosen'",
        only: { try $0.next() }))
    _ = try acme.sales.post("/leads/\(lead)/contacts/\(chosen)/primary")

    let undone = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(undone.status == 303)
    #expect(try acme.count("leads", where: "id = \(lead)::uuid and contact_name = 'Chosen'") == 1)
  }

  @Test func `is refused where one of the two is not to be contacted`() throws {
    let lead: String = try acme.look(
      Query(
        "lead", "select lead_id::text from lead_contacts where contact_id = \(other)::uuid",
        only: { try $0.next() }))
    _ = try acme.sales.post(
      "/leads/\(lead)/contacts/\(other)/prohibition", ["kind": "email", "reason": "asked"])

    #expect(try merge([]).shows("One of the two is not to be contacted"))
  }

  @Test func `finds whoever stands second, at an archived lead, or at none`() throws {
    let lead = try acme.lead(title: "Third", email: "third@example.com")
    for (name, email) in [("Second", "second@example.com"), ("Nowhere", "nowhere@example.com")] {
      _ = try acme.sales.post("/leads/\(lead)/contacts", ["last_name": name, "email": email])
    }
    let nowhere: String = try acme.look(
      Query(
        "nowhere",
        "select id::text from contacts where tenant_id = app.tenant() and last_name = 'Nowhere'",
        only: { try $0.next() }))
    _ = try acme.sales.post("/leads/\(lead)/contacts/\(nowhere)/removal")
    _ = try acme.sales.post("/leads/\(lead)/archive")

    let second = try acme.sales.get("/contacts/\(kept)/merge?q=second%40example.com")
    let none = try acme.sales.get("/contacts/\(kept)/merge?q=nowhere")
    let slip = try acme.sales.get("/contacts/\(kept)/merge?q=nowehre")

    #expect(second.link("Second") != nil && second.trips == 1)
    #expect(none.link("Nowhere") == "/contacts/\(kept)/merge?with=\(nowhere)")
    #expect(slip.link("Nowhere") != nil)
  }

  @Test func `finds the other by name`() throws {
    let page = try acme.sales.get("/contacts/\(kept)/merge?q=dupr%C3%A9")

    #expect(page.link("Fontaine-Dupré") == "/contacts/\(kept)/merge?with=\(other)")
  }
}

@Suite struct `A person` {
  @Test func `is edited on a page of their own, for all their leads`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "One")
    let lead = try acme.lead(title: "Two")
    let contact = try acme.contact(of: lead)
    let page = try acme.sales.get("/contacts/\(contact)")

    let saved = try acme.sales.post(
      "/contacts/\(contact)",
      [
        "version": page.hidden("version") ?? "", "first_name": "Clara", "last_name": "Fontaine",
        "email": "claire@fontaine.example", "phone": "06 12 34 56 78", "phone_region": "FR",
      ])

    #expect(page.trips == 1 && saved.status == 303)
    #expect(
      try acme.count(
        "leads", where: "contact_name = 'Clara Fontaine' and contact_phone = '+33612345678'") == 2)
    #expect(try acme.sales.get("/leads/\(lead)").shows("Edited: First name, Phone. History"))
  }

  @Test func `edited at one lead is edited at all, and each is told`() throws {
    let acme = try TestTenant.fresh()
    let other = try acme.lead(title: "One")
    let lead = try acme.lead(title: "Two")
    let form = try acme.sales.get("/leads/\(lead)/edit")

    let saved = try acme.sales.post(
      "/leads/\(lead)",
      [
        "revision": form.hidden("revision") ?? "", "title": "Two", "first_name": "Clara",
        "last_name": "Fontaine", "email": "claire@fontaine.example",
      ])

    #expect(form.trips == 1 && saved.trips == 2)
    #expect(
      form.shows("This person also stands at 1 other lead. What you change here changes there."))
    #expect(
      try acme.count(
        "audit_log",
        where:
          "field = 'first_name' and new = 'Clara' and subject_id in (\(other)::uuid, \(lead)::uuid)"
      ) == 2)
    #expect(try acme.count("audit_log", where: "action = 'contact_edited' and new = 'Clara'") == 1)
    #expect(try acme.sales.get("/leads/\(other)").shows("Edited: "))
  }

  @Test func `that somebody else changed meanwhile is shown, and nothing is overwritten`() throws {
    let acme = try TestTenant.fresh()
    let contact = try acme.contact(of: try acme.lead())

    let page = try acme.sales.post(
      "/contacts/\(contact)", ["version": "1", "last_name": "Other"])

    #expect(page.status == 409)
    #expect(page.shows("Saved now: Claire · Fontaine · claire@fontaine.example."))
    #expect(page.typed("last_name") == "Other")
    #expect(try acme.count("contacts", where: "last_name = 'Fontaine'") == 1)
  }

  @Test func `cannot take another's address`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(email: "taken@example.com")
    let contact = try acme.contact(of: try acme.lead(email: "mine@example.com"))
    let page = try acme.sales.get("/contacts/\(contact)")

    let refused = try acme.sales.post(
      "/contacts/\(contact)",
      ["version": page.hidden("version") ?? "", "email": "taken@example.com"])

    #expect(refused.status == 422)
    #expect(refused.error(beside: "email")?.contains("merge the two") == true)
  }
}
