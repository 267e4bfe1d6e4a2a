import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `The question bank's page` {
  let acme: TestTenant

  init() throws {
    acme = try TestTenant.fresh()
    _ = try acme.admin.post("/settings/questions/starter")
  }

  private func question(_ text: String) throws -> String {
    try acme.look(
      Query(
        "bank",
        "select id::text from question_bank where tenant_id = app.tenant() and text = \(text)",
        only: { try $0.next() }))
  }

  @Test func `begins with the usual questions, once`() throws {
    _ = try acme.admin.post("/settings/questions/starter")

    #expect(try acme.count("question_bank") == 9)
    #expect(try acme.count("question_bank", where: "fact_id is not null") == 8)
  }

  @Test func `finds what is near, also with typos`() throws {
    let page = try acme.admin.get("/settings/questions?q=what+ammount+not+to+exced")

    #expect(page.trips == 1)
    #expect(page.shows("Led to a proposal Which amount would you rather not exceed?"))
  }

  @Test func `the same question twice is refused beside the field`() throws {
    let page = try acme.admin.post(
      "/settings/questions",
      [
        "text": "what happens IF nothing is done?", "rationale": "", "category": "need",
        "fact": "",
      ])

    #expect(page.status == 422)
    #expect(page.error(beside: "text") == "The bank holds this question already.")
  }

  @Test func `a retired question is proposed no more, and can come back`() throws {
    let id = try question("What made you look for this now?")

    _ = try acme.admin.post("/settings/questions/\(id)/retirement")
    let list = try acme.admin.get("/settings/questions")
    let retired = try acme.admin.get("/settings/questions?retired=1")
    _ = try acme.admin.post("/settings/questions/\(id)/restoration")

    #expect(!list.shows("What made you look"))
    #expect(retired.shows("What made you look"))
    #expect(try acme.count("question_bank", where: "retired_at is null") == 9)
    #expect(try acme.count("audit_log", where: "action like 'bank_question_%'") == 2)
  }

  @Test func `tells how often a question was asked, answered, and led to a proposal`() throws {
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])
    try acme.work()
    let asked = try acme.look(
      Query(
        "asked",
        """
        select id::text, text from discovery_questions
        where tenant_id = app.tenant() and bank_question_id is not null order by text limit 1
        """, only: { (id: try $0.next(String.self), text: try $0.next(String.self)) }))
    _ = try acme.sales.post(
      "/questions/\(asked.id)/answers", ["body": "Yes", "channel": "call"])
    for stage in ["discovery", "proposal"] {
      _ = try acme.sales.post("/leads/\(lead)/stage", ["stage": stage])
    }

    let page = try acme.admin.get("/settings/questions")

    let row = try #require(page.text.split(separator: asked.text).last)
    #expect(row.contains(" 1 1 1 "))
    _ = try acme.sales.post("/leads/\(lead)/test-mark")
    let tested = try acme.admin.get("/settings/questions")
    #expect(try #require(tested.text.split(separator: asked.text).last).contains(" 0 0 0 "))
  }

  @Test func `is shown to admins only`() throws {
    #expect(try acme.sales.get("/settings/questions").status == 403)
    #expect(try !acme.sales.get("/leads").shows("Settings"))
    #expect(try acme.admin.get("/leads").shows("Settings"))
  }
}

@Suite struct `The page of needed facts` {
  @Test func `a fact added counts in every meter, a retired one no more`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()

    let added = try acme.admin.post(
      "/settings/facts",
      ["name": "Access", "question": "How do we get in?", "weight": "2", "for_scope": "1"])
    let with = try acme.sales.get("/leads/\(lead)/discovery")
    let id = try acme.look(
      Query(
        "fact",
        "select id::text from fact_definitions where tenant_id = app.tenant() and name = 'Access'",
        only: { try $0.next(String.self) }))
    _ = try acme.admin.post("/settings/facts/\(id)/retirement")
    let without = try acme.sales.get("/leads/\(lead)/discovery")

    #expect(added.status == 303)
    #expect(with.shows("Access Not known") && with.shows("0 of 5 known"))
    #expect(!without.shows("Access Not known") && without.shows("0 of 4 known"))
    #expect(try acme.count("audit_log", where: "action like 'fact_%'") == 2)
  }

  @Test func `a name that is taken comes back beside the field`() throws {
    let acme = try TestTenant.fresh()

    let page = try acme.admin.post(
      "/settings/facts", ["name": "budget", "question": "How much?", "weight": "9"])
    let taken = try acme.admin.post(
      "/settings/facts", ["name": "budget", "question": "How much?", "weight": "5"])

    #expect(page.error(beside: "weight") == "Choose a weight from 1 to 5.")
    #expect(taken.status == 422)
    #expect(taken.error(beside: "name") == "Another fact has this name.")
    #expect(taken.typed("question") == "How much?")
  }
}

@Suite struct `The page of AI` {
  @Test func `shows the budget and every attempt, people hidden`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead(title: "Kitchen for Claire Fontaine")
    _ = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])
    try acme.work()

    let page = try acme.admin.get("/settings/ai")
    let id = try acme.look(
      Query(
        "action",
        "select id::text from ai_actions where tenant_id = app.tenant() and kind = 'questions'",
        only: { try $0.next(String.self) }))
    let action = try acme.admin.get("/settings/ai/\(id)")

    #expect(page.shows("0 of 1,000,000 used, 1,000,000 left"))
    #expect(page.shows("Built-in playbook, playbook-1"))
    #expect(page.trips == 1)
    #expect(action.shows("questions.v1"))
    #expect(action.shows("Kitchen for [PERSON_1]"))
  }

  @Test func `the budget is a whole number, its change is on record`() throws {
    let acme = try TestTenant.fresh()

    let odd = try acme.admin.settle("/settings/ai", ["tokens_per_month": "1e6"])
    let saved = try acme.admin.settle("/settings/ai", ["tokens_per_month": "5000"])
    let page = try acme.admin.follow(saved)

    #expect(odd.status == 422)
    #expect(odd.typed("tokens_per_month") == "1e6")
    #expect(page.shows("0 of 5,000 used"))
    #expect(
      try acme.count(
        "audit_log", where: "action = 'ai_budget_set' and old = '1000000' and new = '5000'") == 1)
  }
}

@Suite struct `Settings that two admins have open` {
  @Test(
    arguments: [
      ("/settings/workspace", "board_idle_days", "7"),
      ("/settings/assignment", "strategy", "by_source"), ("/settings/ai", "tokens_per_month", "5"),
    ])
  func `are not written over without a word`(path: String, field: String, value: String) throws {
    let acme = try TestTenant.fresh()
    let rest = path.hasSuffix("workspace") ? [("phone_region", "FR")] : []
    _ = try acme.admin.settle(path, rest + [(field, value)])

    let late = try acme.admin.postPairs(
      path, rest + [(field, value), ("seen", "of another page")])
    let again = try acme.admin.postPairs(
      path, rest + [(field, value), ("seen", late.hidden("seen") ?? "")])

    #expect(late.status == 409)
    #expect(late.shows("Somebody saved these settings while this page was open"))
    #expect(again.status == 303)
  }

  @Test func `show what the other saved beside what was typed`() throws {
    let acme = try TestTenant.fresh()
    let seen = try acme.admin.get("/settings/workspace").hidden("seen") ?? ""
    _ = try acme.admin.settle(
      "/settings/workspace", ["board_idle_days": "7", "phone_region": "FR"])

    let page = try acme.admin.post(
      "/settings/workspace", ["board_idle_days": "30", "phone_region": "FR", "seen": seen])

    #expect(page.status == 409)
    #expect(page.typed("board_idle_days") == "30")
    #expect(page.shows("Days without anything new 7"))
    #expect(!page.shows("Country of telephone numbers FR"))
    #expect(
      try acme.count("tenant_settings", where: "key = 'board_idle_days' and value = '7'") == 1)
  }

  @Test func `of a question of the bank too`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.admin.post(
      "/settings/questions", ["text": "How large is it?", "category": "need"])
    let id = try acme.look(
      Query(
        "question",
        "select id::text from question_bank where tenant_id = app.tenant() and text like 'How large%'",
        only: { try $0.next(String.self) }))
    let path = "/settings/questions/\(id)"
    let seen = try acme.admin.get(path).hidden("seen") ?? ""
    _ = try acme.admin.settle(path, ["text": "How big is it?", "category": "need"])

    let page = try acme.admin.post(
      path, ["text": "What size is it?", "category": "need", "seen": seen])

    #expect(page.status == 409)
    #expect(page.typed("text") == "What size is it?")
    #expect(page.shows("Question How big is it?"))
    #expect(try acme.count("question_bank", where: "text = 'How big is it?'") == 1)
  }

  @Test func `of a fact too`() throws {
    let acme = try TestTenant.fresh()
    let id = try acme.look(
      Query(
        "fact",
        "select id::text from fact_definitions where tenant_id = app.tenant() order by position limit 1",
        only: { try $0.next(String.self) }))
    let path = "/settings/facts/\(id)"
    let seen = try acme.admin.get(path).hidden("seen") ?? ""
    _ = try acme.admin.settle(path, ["name": "Money", "question": "How much?", "weight": "5"])

    let page = try acme.admin.post(
      path, ["name": "Sum", "question": "How much?", "weight": "5", "seen": seen])

    #expect(page.status == 409)
    #expect(page.typed("name") == "Sum")
    #expect(page.shows("Name Money"))
    #expect(try acme.count("fact_definitions", where: "name = 'Money'") == 1)
  }
}

@Suite struct `The workspace's settings` {
  @Test func `say where a number without a country's code is dialled`() throws {
    let acme = try TestTenant.fresh(locale: "fr")

    let saved = try acme.admin.settle(
      "/settings/workspace", ["board_idle_days": "14", "phone_region": "gb"])
    let form = try acme.sales.get("/leads/new")
    _ = try acme.sales.post(
      "/leads", ["title": "Shed", "phone": "020 7946 0958", "phone_region": "GB"])

    #expect(saved.status == 303)
    #expect(form.has("name=\"phone_region\" value=\"GB\""))
    #expect(try acme.count("leads", where: "contact_phone = '+442079460958'") == 1)
    #expect(
      try acme.count("audit_log", where: "field = 'phone_region' and old = 'FR' and new = 'GB'")
        == 1)
  }

  @Test(arguments: ["", "F", "XX", "France"])
  func `take a country that telephones know`(region: String) throws {
    let acme = try TestTenant.fresh()

    let page = try acme.admin.settle(
      "/settings/workspace", ["board_idle_days": "14", "phone_region": region])

    #expect(page.status == 422)
    #expect(
      page.error(beside: "phone_region") == "Write a country's two letters, such as FR or GB.")
    #expect(page.typed("phone_region") == region)
  }
}
