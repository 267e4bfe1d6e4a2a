import Postgres
import TestSupport
import Testing

@Suite struct `Writing a draft` {
  @Test func `is saved with its recipients and shown as the recipient will see it`() throws {
    let acme = try TestTenant.fresh()

    let draft = try acme.draft(subject: "Two options", text: "Hello **Claire**,\n\n- oak\n- ash")
    let page = try acme.sales.get("/drafts/\(draft)")

    #expect(page.heading == "Two options")
    #expect(page.has("<strong>Claire</strong>"))
    #expect(page.shows("Claire Fontaine <claire@fontaine.example>"))
    #expect(page.shows("On the desk"))
  }

  @Test func `an incomplete text is saved but not submitted`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let page = try acme.sales.post(
      "/leads/\(lead)/drafts",
      ["type": "followup_email", "subject": "", "content_md": "Half a thought", "then": "submit"])

    #expect(page.status == 422)
    #expect(page.error(beside: "subject") == "Give the e-mail a subject.")
    #expect(page.typed("content_md") == "Half a thought")
    #expect(try acme.count("drafts") == 0)
  }

  @Test func `is handed in to the address that somebody has now, or not at all`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let draft = try acme.draft(lead: lead)
    try acme.change(
      "update contacts set email = 'claire@elsewhere.example' where tenant_id = app.tenant()")

    let refused = try acme.sales.post(
      "/drafts/\(draft)/submission", ["revision": try acme.revision(of: draft)])
    #expect(refused.status == 422)
    #expect(
      refused.shows("An address has changed since it was chosen. Look at the recipients again."))
    #expect(try acme.status(of: draft) == "draft")

    let saved = try acme.sales.post(
      "/drafts/\(draft)",
      [
        "revision": try acme.revision(of: draft), "subject": "Your kitchen", "content_md": "Hello.",
        "to": try acme.contact(of: lead), "then": "submit",
      ])
    #expect(saved.status == 303)
    #expect(
      try acme.count("draft_recipients", where: "address = 'claire@elsewhere.example'") == 1)
    #expect(try acme.status(of: draft) == "under_review")
  }

  @Test(arguments: ["save", "submit"])
  func `a text that no page could show is not taken`(wish: String) throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let deep = String(repeating: ">", count: 45_000) + "x"

    let page = try acme.sales.post(
      "/leads/\(lead)/drafts",
      [
        "subject": "Deep", "content_md": deep, "to": try acme.contact(of: lead), "then": wish,
      ])

    #expect(page.status == 422)
    #expect(page.error(beside: "content_md") == "This is nested too deep to be shown as a letter.")
    #expect(try acme.count("drafts") == 0)
  }

  @Test func `who goes back, changes the text and saves again is heard`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.draft(text: "first")
    func save(_ text: String, revision: String) throws -> Page {
      try acme.sales.post(
        "/drafts/\(draft)",
        ["revision": revision, "subject": "Hi", "content_md": text, "then": "save"],
        once: "same-form")
    }

    let seen = try acme.revision(of: draft)
    _ = try save("second", revision: seen)
    let again = try save("third", revision: seen)

    #expect(again.status == 409)
    #expect(again.typed("content_md") == "third")
  }

  @Test func `signs that nobody sees are no subject, and a name cannot pass for two people`() throws
  {
    let acme = try TestTenant.fresh()
    let lead = try acme.sales.post(
      "/leads",
      [
        "title": "Odd\u{202E}", "first_name": "Legal <legal@corp.example>, Bob",
        "email": "real@x.example",
      ]
    ).id

    let page = try acme.sales.post(
      "/leads/\(lead)/drafts",
      [
        "subject": "\u{200B}\u{3164}", "content_md": "Hello", "to": try acme.contact(of: lead),
        "then": "submit",
      ])
    let draft = try acme.draft(subject: "Invoice \u{202E}gpj.exe", lead: lead)
    let shown = try acme.sales.get("/drafts/\(draft)")

    #expect(page.error(beside: "subject") == "Give the e-mail a subject.")
    #expect(shown.heading == "Invoice gpj.exe")
    #expect(shown.shows("\"Legal <legal@corp.example>, Bob\" <real@x.example>"))
  }

  @Test func `the preview says where a link leads when its text does not`() throws {
    let acme = try TestTenant.fresh()

    let draft = try acme.draft(
      text:
        "[https://bank.example/login](https://evil.example/login)\n\n[write](mailto:a@b.example?body=secret)"
    )
    let page = try acme.sales.get("/drafts/\(draft)")

    #expect(page.has("data-target=\"evil.example\">https://bank.example/login</a>"))
    #expect(page.has("data-target=\"mailto:a@b.example?body=secret\">write</a>"))
  }

  @Test func `addresses come from the lead's contacts and never from a form`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let other = try acme.lead(title: "Another", email: "other@example.com")

    let page = try acme.sales.post(
      "/leads/\(lead)/drafts",
      ["subject": "Hi", "content_md": "Hello", "to": try acme.contact(of: other), "then": "save"])

    #expect(page.status == 422)
    #expect(page.error(beside: "recipients") == "Choose the recipients from the list.")
    #expect(try acme.count("draft_recipients") == 0)
  }

  @Test func `an edit of a draft that somebody saved meanwhile loses neither text`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.draft(text: "first")
    let seen = try acme.revision(of: draft)
    let edit = { (text: String) -> KeyValuePairs<String, String> in
      ["revision": seen, "subject": "S", "content_md": text, "then": "save"]
    }
    _ = try acme.admin.post("/drafts/\(draft)", edit("theirs"))

    let page = try acme.sales.post("/drafts/\(draft)", edit("mine"))

    #expect(page.status == 409)
    #expect(page.shows("Ada Admin saved this draft while you were writing"))
    #expect(page.typed("content_md") == "mine")
    #expect(try acme.count("drafts", where: "content_md = 'theirs'") == 1)
  }

  @Test func `submitting fixes the content and the author may take it back`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.draft()

    let submitted = try acme.sales.post(
      "/drafts/\(draft)/submission", ["revision": try acme.revision(of: draft)])
    let waiting = try acme.status(of: draft)
    let withdrawn = try acme.sales.post("/drafts/\(draft)/withdrawal")

    #expect(submitted.status == 303)
    #expect(waiting == "under_review")
    #expect(withdrawn.status == 303)
    #expect(try acme.status(of: draft) == "draft")
    #expect(try acme.count("draft_contents") == 1)
  }

  @Test func `only the author submits and withdraws`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.draft()

    let submitted = try acme.admin.post(
      "/drafts/\(draft)/submission", ["revision": try acme.revision(of: draft)])

    #expect(submitted.status == 403)
    #expect(try acme.status(of: draft) == "draft")
  }

  @Test func `a rejected text goes on as the next version of the same document`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    _ = try acme.reviewer.post(
      "/drafts/\(draft)/rejection", ["content_sha256": try acme.hash(of: draft), "comment": "No."])

    let next = try acme.sales.post("/drafts/\(draft)/versions").draftID
    let page = try acme.sales.get("/drafts/\(next)")

    #expect(page.shows("Version 2"))
    #expect(page.shows("claire@fontaine.example"))
    #expect(
      try acme.count(
        "drafts",
        where: "document_id = (select document_id from drafts d where d.id = \(draft)::uuid)") == 2)
  }

  @Test func `an approved mail is cancelled while nothing has left`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    _ = try acme.approve(draft)

    let answer = try acme.sales.post("/drafts/\(draft)/cancellation", ["reason": "Wrong price"])

    #expect(answer.status == 303)
    #expect(try acme.status(of: draft) == "rejected")
    #expect(try acme.count("deliveries", where: "state = 'cancelled'") == 1)
  }
}
