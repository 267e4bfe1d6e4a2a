import CRM
import Postgres
import TestSupport
import Testing

@Suite struct `The board` {
  private func lead(_ acme: TestTenant, _ title: String, value: String = "") throws -> String {
    try acme.sales.post(
      "/leads",
      [
        "title": title, "last_name": title, "estimated_value": value, "currency": "EUR",
        "owner": acme.sales.user.description,
      ]
    ).id
  }

  /// The column's own part of the page.
  private func column(_ stage: String, _ page: Page) -> String {
    page.html.split(separator: "<section data-stage=\"\(stage)\"").dropFirst().first
      .map { String($0.prefix(while: { _ in true })) }?
      .split(separator: "</section>").first.map(String.init) ?? ""
  }

  @Test func `shows open leads by stage, with how many and what they are worth`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen", value: "1200")
    _ = try lead(acme, "Library", value: "800.50")
    let lost = try lead(acme, "Lost one", value: "9999")
    let away = try lead(acme, "Put away", value: "9999")
    _ = try acme.sales.post("/leads/\(kitchen)/stage", ["stage": "proposal"])
    _ = try acme.sales.post("/leads/\(lost)/outcome", ["outcome": "lost", "reason": "x"])
    _ = try acme.sales.post("/leads/\(away)/archive")

    let page = try acme.sales.get("/leads/board")

    #expect(page.trips == 1)
    #expect(column("new", page).contains("New <span class=\"total\">1</span>"))
    #expect(column("new", page).contains("€800.50"))
    #expect(column("proposal", page).contains("Kitchen"))
    #expect(column("proposal", page).contains("€1,200"))
    #expect(column("decision", page).contains("No lead here"))
    #expect(!page.shows("Lost one") && !page.shows("Put away"))
  }

  @Test func `shows a test lead as one, and counts it in no total`() throws {
    let acme = try TestTenant.fresh()
    _ = try lead(acme, "Kitchen", value: "1200")
    _ = try acme.sales.post("/leads/\(try lead(acme, "Try", value: "9999"))/test-mark")

    for words in ["", "?owner=me", "?q=t"] {
      let page = try acme.sales.get("/leads/board\(words)")
      #expect(column("new", page).contains("<small class=\"state plain\">Test</small>"))
      #expect(column("new", page).contains("New <span class=\"total\">1</span>"))
      #expect(!page.shows("€11,199"))
    }
    #expect(try acme.sales.get("/leads").has("<small class=\"state plain\">Test</small>"))
    #expect(try acme.sales.get("/leads").leadTitles == ["Try", "Kitchen"])
  }

  @Test func `the list's filters hold on the board and survive a move`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen")
    _ = try lead(acme, "Library")

    let page = try acme.sales.get("/leads/board?q=kitchen&owner=me&stage=decision&outcome=won")
    let moved = try acme.sales.post(
      "/leads/board", ["move": "\(kitchen)/new/discovery", "q": "kitchen", "owner": "me"])
    let after = try acme.sales.follow(moved)

    #expect(page.shows("Kitchen") && !page.shows("Library"))
    #expect(column("new", page).contains("New <span class=\"total\">1</span>"))
    #expect(column("decision", page).contains("Decision <span class=\"total\">0</span>"))
    #expect(moved.location == "/leads/board?q=kitchen&owner=me&said=lead-moved")
    #expect(moved.trips == 2)
    #expect(column("discovery", after).contains("Kitchen"))
  }

  @Test func `shows what a segment holds that the address names alone`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.lead(title: "Kitchen")
    _ = try acme.lead(title: "Bathroom")
    _ = try acme.sales.post("/segments", ["name": "Kitchens", "q": "kitchen"])
    let segment = try acme.look(
      Query(
        "segment", "select id::text from segments where tenant_id = app.tenant()",
        only: { try $0.next(String.self) }))

    let board = try acme.sales.follow(try acme.sales.get("/leads/board?segment=\(segment)"))
    let many = try acme.sales.follow(try acme.sales.get("/leads/bulk?all=1&segment=\(segment)"))

    #expect(board.shows("Kitchen") && !board.shows("Bathroom"))
    #expect(many.heading == "Change 1 lead")
  }

  @Test func `leaving a card where it is leaves the filters too`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen")
    _ = try acme.sales.post("/leads/\(kitchen)/stage", ["stage": "proposal"])

    let page = try acme.sales.post(
      "/leads/board", ["move": "\(kitchen)/proposal/new", "q": "kitchen", "owner": "me"])

    #expect(page.status == 422)
    #expect(page.link("Leave it") == "/leads/board?q=kitchen&owner=me")
  }

  @Test func `moving back asks why, and the same move of two people is one`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen")
    _ = try acme.sales.post("/leads/board", ["move": "\(kitchen)/new/proposal"])

    let again = try acme.admin.post("/leads/board", ["move": "\(kitchen)/new/proposal"])
    let silent = try acme.sales.post("/leads/board", ["move": "\(kitchen)/proposal/new"])
    let said = try acme.sales.post(
      "/leads/board", ["move": "\(kitchen)/proposal/new", "reason": "Measured wrongly"])

    #expect(again.status == 303)
    #expect(silent.status == 422)
    #expect(silent.shows("“Kitchen” moves back to New"))
    #expect(silent.error(beside: "reason") == "Say why.")
    #expect(said.status == 303)
    #expect(try acme.count("lead_stage_history", where: "reason = 'Measured wrongly'") == 1)
    #expect(try acme.count("lead_stage_history") == 3)
  }

  @Test func `a card that somebody moved meanwhile stays where they put it`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen")
    _ = try acme.admin.post("/leads/board", ["move": "\(kitchen)/new/decision"])

    let page = try acme.sales.follow(
      try acme.sales.post("/leads/board", ["move": "\(kitchen)/new/discovery", "q": "kitchen"]))

    #expect(page.shows("Something happened to that card meanwhile"))
    #expect(try acme.count("leads", where: "stage = 'decision'") == 1)
  }

  @Test(arguments: [
    "", "x/new/proposal", "/new", "0199c82c-c000-7001-8000-000300000000/new/won", "a/b/c",
  ])
  func `what is no move changes nothing`(move: String) throws {
    let acme = try TestTenant.fresh()

    #expect(try acme.sales.post("/leads/board", ["move": move]).status == 400)
  }

  @Test func `a card says who, how long, and what comes next`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen")
    try acme.change(
      "update leads set stage_since = now() - interval '3 days' where id = \(kitchen)::uuid")
    _ = try acme.sales.post("/leads/\(kitchen)/follow-up", ["day": "2026-01-15"])

    let page = try acme.sales.get("/leads/board")

    #expect(page.shows("Sam Sales · for 3 days"))
    #expect(page.shows("Follow up now"))
  }

  @Test func `a card is tinted after the days that an admin sets, and 0 tints none`() throws {
    let acme = try TestTenant.fresh()
    let kitchen = try lead(acme, "Kitchen")
    try acme.change(
      "update leads set last_activity_at = now() - interval '5 days' where id = \(kitchen)::uuid")

    let calm = try acme.sales.get("/leads/board")
    let saved = try acme.admin.settle(
      "/settings/workspace", ["board_idle_days": "4", "phone_region": "FR"])
    let tinted = try acme.sales.get("/leads/board")
    _ = try acme.admin.settle(
      "/settings/workspace", ["board_idle_days": "0", "phone_region": "FR"])
    let off = try acme.sales.get("/leads/board")

    #expect(!calm.has("card idle"))
    #expect(saved.status == 303)
    #expect(tinted.has("card idle"))
    #expect(tinted.shows("Nothing new for 5 days"))
    #expect(!off.has("card idle"))
    #expect(try acme.count("audit_log", where: "field = 'board_idle_days'") == 2)
  }

  @Test(arguments: ["-1", "366", "many", ""])
  func `the setting takes whole days of a year`(days: String) throws {
    let acme = try TestTenant.fresh()

    let page = try acme.admin.settle(
      "/settings/workspace", ["board_idle_days": days, "phone_region": "FR"])

    #expect(page.status == 422)
    #expect(page.error(beside: "board_idle_days") == "Write a whole number from 0 to 365.")
    #expect(page.typed("board_idle_days") == days)
  }

  @Test func `a full column shows its newest cards, counts all, and leads to the list`() throws {
    let acme = try TestTenant.fresh()
    for number in 1...22 { _ = try lead(acme, "Lead \(number)", value: "10") }

    let page = try acme.sales.get("/leads/board")

    #expect(page.html.split(separator: "data-card").count == 21)
    #expect(column("new", page).contains("<span class=\"total\">22</span>"))
    #expect(column("new", page).contains("€220"))
    #expect(page.link("All of them") == "/leads?stage=new&outcome=open")
    #expect(page.html.utf8.count < 60_000)
  }

  @Test func `who may not write sees the board and no way to move`() throws {
    let acme = try TestTenant.fresh()
    _ = try lead(acme, "Kitchen")

    let page = try acme.reviewer.get("/leads/board")

    #expect(page.shows("Kitchen"))
    #expect(!page.shows("Move to"))
  }
}
