import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `Discovery of a lead` {
  let acme: TestTenant
  let lead: String
  private var path: String { "/leads/\(lead)/discovery" }

  init() throws {
    acme = try TestTenant.fresh()
    lead = try acme.lead(title: "Shed by May")
  }

  private func suggest() throws {
    _ = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])
    try acme.work()
  }

  /// The ids of the lead's questions, in the order they were made.
  private func questions(where condition: SQL = "true") throws -> [String] {
    try acme.look(
      Query(
        "questions",
        """
        select id::text from discovery_questions
        where tenant_id = app.tenant() and lead_id = \(lead)::uuid and (\(condition)) order by id
        """, all: { try $0.next() }))
  }

  private func add(_ text: String, category: String = "need", fact: String = "") throws -> String {
    let page = try acme.sales.post(
      "/leads/\(lead)/questions",
      ["text": text, "rationale": "", "category": category, "fact": fact])
    #expect(page.status == 303)
    return try #require(try questions(where: "text = \(text)").first)
  }

  private func fact(_ name: String) throws -> String {
    try acme.look(
      Query(
        "fact",
        "select id::text from fact_definitions where tenant_id = app.tenant() and name = \(name)",
        only: { try $0.next() }))
  }

  @Test func `asking for questions waits for nobody; the page to wait on leads back`() throws {
    let asked = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])
    let waiting = try acme.sales.get("/leads/\(lead)/questions/search")
    let meanwhile = try acme.sales.get(path)
    try acme.work()
    let back = try acme.sales.get("/leads/\(lead)/questions/search")
    let page = try acme.sales.follow(back)

    #expect(asked.location == "/leads/\(lead)/questions/search")
    #expect(asked.trips == 2)
    #expect(waiting.header("Refresh") == "2")
    #expect(!waiting.has("<textarea") && !waiting.has("<select"))
    #expect(meanwhile.shows("Questions are being looked for."))
    #expect(meanwhile.header("Refresh") == nil)
    #expect(back.location == "/leads/\(lead)/discovery?said=questions-found")
    #expect(page.shows("There are new questions."))
    #expect(page.trips == 1)
    #expect(try questions().count == 5)
  }

  @Test func `a question of the bank is chosen once, and counted there`() throws {
    _ = try acme.admin.post("/settings/questions/starter")
    let page = try acme.sales.get("/leads/\(lead)/questions/bank?q=exceed+amount")
    let bank = try acme.look(
      Query(
        "bank",
        "select id::text from question_bank where tenant_id = app.tenant() and text like 'Which amount%'",
        only: { try $0.next(String.self) }))

    let chosen = try acme.sales.post("/leads/\(lead)/questions/bank", ["bank": bank])
    let again = try acme.sales.post("/leads/\(lead)/questions/bank", ["bank": bank])
    let later = try acme.sales.get("/leads/\(lead)/questions/bank?q=exceed+amount")

    #expect(page.trips == 1)
    #expect(page.shows("Which amount would you rather not exceed?"))
    #expect(chosen.location == "/leads/\(lead)/discovery?said=question-added")
    #expect(again.location == "/leads/\(lead)/discovery")
    #expect(!later.shows("Which amount would you rather not exceed?"))
    #expect(
      try questions(where: "bank_question_id = \(bank)::uuid and fact_id is not null").count == 1)
  }

  @Test func `a fact that is not known is asked for with its own question`() throws {
    let budget = try fact("Budget")

    let page = try acme.sales.get("\(path)?fact=\(budget)")

    #expect(try acme.sales.get(path).has("fact=\(budget)#add-question"))
    #expect(page.has("<details id=\"add-question\" open>"))
    #expect(page.has("<option value=\"\(budget)\" selected>"))
  }

  @Test func `the next best question says why it is next`() throws {
    try suggest()

    let page = try acme.sales.get(path)

    #expect(page.shows("Ask next What should be different when this is done?"))
    #expect(page.shows("“Need” is not known yet; it weighs 100 of 100."))
    #expect(page.shows("Near to what this lead said:"))
  }

  @Test func `an answer covers its fact, and another question comes next`() throws {
    try suggest()
    let first = try #require(
      try questions(where: "text = 'What should be different when this is done?'").first)

    let posted = try acme.sales.post(
      "/questions/\(first)/answers", ["body": "Room for six bicycles", "channel": "meeting"])
    try acme.work()
    let page = try acme.sales.follow(posted)

    #expect(posted.status == 303)
    #expect(posted.trips == 2)
    #expect(page.shows("The answer is recorded."))
    #expect(page.shows("Ask next What budget has been set aside for this?"))
    #expect(page.shows("Need Known"))
    #expect(page.shows("1 of 4 known"))
    #expect(page.shows("Sam Sales · Meeting"))
    #expect(try acme.count("outbox_events", where: "type = 'AnswerRecorded'") == 1)
    #expect(try acme.count("outbox_events", where: "payload::text ~ 'bicycles'") == 0)
    #expect(try acme.count("lead_embeddings") == 1)
  }

  @Test func `the newest answer counts, the earlier ones stay`() throws {
    let question = try add("Which colour?")
    for body in ["Green", "Blue"] {
      _ = try acme.sales.post(
        "/questions/\(question)/answers", ["body": body, "channel": "email"])
    }

    let list = try acme.sales.get(path)
    let page = try acme.sales.get("/questions/\(question)")

    #expect(list.shows("Blue") && !list.shows("Green"))
    #expect(list.shows("1 earlier answer"))
    #expect(page.shows("Answers, newest first"))
    #expect(page.shows("Green"))
    #expect(try acme.count("discovery_answers") == 2)
  }

  @Test func `an empty answer comes back with everything typed`() throws {
    let question = try add("Which colour?")

    let page = try acme.sales.post(
      "/questions/\(question)/answers", ["body": "  ", "channel": "telepathy"])

    #expect(page.status == 422)
    #expect(page.error(beside: "body") == "Write what the lead said.")
    #expect(page.error(beside: "channel") == "Choose how it was said.")
    #expect(try acme.count("discovery_answers") == 0)
  }

  @Test func `the same question twice is refused beside the field, whatever its case`() throws {
    _ = try add("Which colour?")

    let page = try acme.sales.post(
      "/leads/\(lead)/questions",
      ["text": "which COLOUR?", "rationale": "Why", "category": "need", "fact": ""])

    #expect(page.status == 422)
    #expect(page.error(beside: "text") == "This lead has the same question already.")
    #expect(page.typed("text") == "which COLOUR?")
    #expect(page.typed("rationale") == "Why")
  }

  @Test func `what is no question comes back`() throws {
    let page = try acme.sales.post(
      "/leads/\(lead)/questions",
      ["text": "?", "rationale": "R", "category": "gossip", "fact": "x"])

    #expect(page.status == 422)
    #expect(page.error(beside: "text") == "Write the question.")
    #expect(page.error(beside: "category") == "Choose a category.")
    #expect(page.error(beside: "fact") == "Choose a fact from the list.")
  }

  @Test func `an edited question keeps its place in the log and is placed anew`() throws {
    let question = try add("Which colour?")
    try acme.work()

    let page = try acme.sales.post(
      "/questions/\(question)",
      [
        "revision": "1", "text": "Which colour, and why?", "rationale": "Taste",
        "category": "constraints",
        "fact": try fact("Constraints"),
      ])

    #expect(page.status == 303)
    #expect(
      try acme.count(
        "audit_log",
        where: "action = 'question_edited' and field = 'text' and old = 'Which colour?'") == 1)
    #expect(try acme.count("discovery_questions", where: "embedding is null") == 1)
    try acme.work()
    #expect(try acme.count("discovery_questions", where: "embedding is not null") == 1)
  }

  @Test func `dismissed is out of the way, told, and can be put back`() throws {
    let question = try add("Which colour?")

    let gone = try acme.sales.follow(try acme.sales.post("/questions/\(question)/dismissal"))
    let answered = try acme.sales.post(
      "/questions/\(question)/answers", ["body": "Blue", "channel": "call"])
    let back = try acme.sales.follow(try acme.sales.post("/questions/\(question)/restoration"))

    #expect(gone.shows("Dismissed. It can be put back below."))
    #expect(answered.status == 409)
    #expect(back.shows("Ask next Which colour?"))
    #expect(try acme.count("outbox_events", where: "type = 'QuestionDismissed'") == 1)
    #expect(try acme.count("activities", where: "kind = 'question_dismissed'") == 1)
  }

  @Test func `an answer to a question dismissed meanwhile is kept, and can bring it back`() throws {
    let question = try add("Which colour?")
    _ = try acme.admin.post("/questions/\(question)/dismissal")

    let page = try acme.sales.post(
      "/questions/\(question)/answers", ["body": "Blue", "channel": "call"])
    let again = try acme.sales.post(
      "/questions/\(question)/answers", ["body": "Blue", "channel": "call", "restore": "1"])

    #expect(page.status == 409)
    #expect(page.typed("body") == "Blue")
    #expect(page.hidden("restore") == "1")
    #expect(again.status == 303)
    #expect(try questions(where: "status = 'answered'") == [question])
    #expect(try acme.count("audit_log", where: "action = 'question_restored'") == 1)
  }

  @Test func `a wording of somebody else is shown, not overwritten`() throws {
    let question = try add("Which colour?")
    let seen = try #require(try acme.sales.get("/questions/\(question)").hidden("revision"))
    _ = try acme.admin.post(
      "/questions/\(question)",
      ["revision": seen, "text": "Which colours?", "rationale": "", "category": "need"])

    let page = try acme.sales.post(
      "/questions/\(question)",
      ["revision": seen, "text": "What colour?", "rationale": "Paint", "category": "need"])
    let again = try acme.sales.post(
      "/questions/\(question)",
      [
        "revision": page.hidden("revision") ?? "", "text": "What colour?", "rationale": "Paint",
        "category": "need",
      ])

    #expect(page.status == 409)
    #expect(page.shows("Somebody reworded this question while you were writing"))
    #expect(page.typed("text") == "What colour?" && page.typed("rationale") == "Paint")
    #expect(page.has("<dd>Which colours?</dd>") && page.has("<dd>nothing</dd>"))
    #expect(!page.has("<dt>Category</dt>"))
    #expect(again.status == 303)
    #expect(try questions(where: "text = 'What colour?'") == [question])
  }

  @Test func `a wording for a question answered meanwhile can be another question`() throws {
    let question = try add("Which colour?")
    let seen = try #require(try acme.sales.get("/questions/\(question)").hidden("revision"))
    _ = try acme.admin.post(
      "/questions/\(question)/answers", ["body": "Blue", "channel": "call"])

    let page = try acme.sales.post(
      "/questions/\(question)",
      ["revision": seen, "text": "Which blue?", "rationale": "", "category": "need"])

    #expect(page.status == 409)
    #expect(page.typed("text") == "Which blue?")
    #expect(
      page.error(beside: "text")
        == "It was answered meanwhile. What you wrote can be added as another question.")
    #expect(page.has("action=\"/leads/\(lead)/questions\""))
  }

  @Test func `asked is noted, and the next one is what can be asked now`() throws {
    let first = try add("Which colour?", fact: try fact("Need"))
    _ = try add("Which wood?")

    _ = try acme.sales.post("/questions/\(first)/asking")
    let page = try acme.sales.get(path)

    #expect(page.shows("Ask next Which wood?"))
    #expect(page.shows("Asked, answer awaited"))
  }

  @Test func `moved questions stay where a person put them, until need rules again`() throws {
    try suggest()
    let last = try #require(
      try questions(where: "text like 'What must not change%'").first)
    for _ in 0..<4 {
      _ = try acme.sales.post("/questions/\(last)/position", ["direction": "up"])
    }

    let pinned = try acme.sales.get(path)
    _ = try acme.sales.post("/leads/\(lead)/questions/order")
    let ordered = try acme.sales.get(path)

    #expect(pinned.shows("Ask next What must not change"))
    #expect(pinned.shows("Somebody put it in this place."))
    #expect(ordered.shows("Ask next What should be different"))
    #expect(try acme.count("discovery_questions", where: "position is not null") == 0)
  }

  @Test func `questions of a merged lead go on with the one that stays`() throws {
    let other = try acme.lead(title: "Another shed", email: "paul@fontaine.example")
    _ = try acme.sales.post(
      "/leads/\(other)/questions",
      [
        "text": "Which colour?", "rationale": "", "category": "need", "fact": try fact("Need"),
      ])
    let question = try acme.look(
      Query(
        "question", "select id::text from discovery_questions where lead_id = \(other)::uuid",
        only: { try $0.next(String.self) }))
    try suggest()
    let form = try acme.sales.get("/leads/\(lead)/merge?with=\(other)")
    let merged = try acme.sales.post(
      "/leads/\(lead)/merge",
      [
        "with": other, "revision": form.hidden("revision") ?? "",
        "other_revision": form.hidden("other_revision") ?? "",
      ])

    let answered = try acme.sales.post(
      "/questions/\(question)/answers", ["body": "Green", "channel": "call"])
    let page = try acme.sales.get(path)

    #expect(merged.status == 303)
    #expect(answered.place == path)
    #expect(page.shows("Which colour?") && page.shows("Green"))
    #expect(page.shows("Need Known"))
    #expect(
      try acme.count("activities", where: "kind = 'answer_recorded' and lead_id = \(lead)::uuid")
        == 1)
  }

  @Test func `who only reads sees no form`() throws {
    _ = try add("Which colour?")

    let page = try acme.reviewer.get(path)

    #expect(page.shows("Ask next Which colour?"))
    #expect(!page.has("<textarea"))
    #expect(!page.shows("Suggest questions"))
  }

  @Test func `a search that failed says so in the reader's words`() throws {
    _ = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])
    try acme.change(
      """
      update jobs set state = 'failed', last_error = 'timed_out', finished_at = now()
      where tenant_id = app.tenant()
      """)

    let page = try acme.sales.get(path)

    #expect(page.shows("The model server did not answer in time. Ask again later."))
    #expect(page.shows("Suggest questions"))
  }

  @Test func `a deleted lead takes no questions`() throws {
    _ = try acme.sales.post("/leads/\(lead)/deletion")

    let page = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])

    #expect(page.status == 409)
    #expect(try acme.count("jobs") == 0)
  }

  @Test func `in French the page has no English left`() throws {
    let acme = try TestTenant.fresh(locale: "fr")
    let lead = try acme.lead()
    _ = try acme.sales.post("/leads/\(lead)/questions", ["generate": "1"])
    try acme.work()

    let page = try acme.sales.get("/leads/\(lead)/discovery")

    #expect(page.shows("À demander maintenant Qu’est-ce qui doit avoir changé"))
    #expect(page.shows("Besoin Inconnu"))
  }
}
