import CRM
import Foundation
import Postgres
import TestSupport
import Testing

@Suite struct `Many leads at once` {
  let acme: TestTenant
  let leads: [String]

  init() throws {
    acme = try TestTenant.fresh()
    let tenant = acme
    leads = try (1...3).map { try tenant.lead(title: "Lead \($0)", email: "l\($0)@example.com") }
  }

  private func post(
    _ fields: [(String, String)], of chosen: [String]? = nil, seen: [String]? = nil,
    by browser: Browser? = nil
  ) throws -> Page {
    let chosen = chosen ?? leads
    return try (browser ?? acme.sales).postPairs(
      "/leads/bulk",
      [("selection", chosen.map { "lead=\($0)" }.joined(separator: "&"))]
        + [("seen", mark(of: seen ?? chosen))] + fields)
  }

  private func mark(of leads: [String]) -> String {
    LeadSelection.mark(of: leads.compactMap { ID($0) })
  }

  /// Filters and changes have the same names; what a browser sends is pressed on the real page.
  @Test(arguments: [
    "", "q=lead", "stage=new", "outcome=open", "status=new", "tag=fair", "owner=nobody",
    "source=fair",
    "from=2020-01-01&to=2035-01-01", "language=en", "test=no", "paused=no", "suppressed=no",
    "stage=new&owner=nobody&tag=fair&source=fair&q=lead",
  ])
  func `of any list are changed by any of the page's buttons`(query: String) throws {
    let acme = try TestTenant.fresh()
    for number in 1...3 {
      let form = try acme.sales.get("/leads/new")
      _ = try acme.sales.press(
        "Add the lead", on: form,
        filling: [
          "title": "Lead \(number)", "source": "fair", "tags": "fair", "owner": "",
          "language": "en",
        ])
    }
    let deeds: [(button: String, filling: KeyValuePairs<String, String>, done: SQL)] = [
      ("Give 3 leads", ["owner": acme.admin.user.description], "owner_id = \(acme.admin.user)"),
      ("Tag 3 leads", ["add_tags": "vip", "remove_tags": "fair"], "tags = '{vip}'"),
      ("Move 3 leads", ["stage": "proposal"], "stage = 'proposal'"),
      ("Archive 3 leads", [:], "archived_at is not null"),
    ]
    for deed in deeds {
      let list = try acme.sales.get("/leads?\(query)")
      let page = try acme.sales.press("Change all of this list", on: list)
      let chosen = page.location == nil ? page : try acme.sales.follow(page)

      let answer = try acme.sales.press(deed.button, on: chosen, filling: deed.filling)

      #expect(answer.place?.contains("/operations/") == true, "\(deed.button): \(answer.text)")
      #expect(try acme.count("leads", where: deed.done) == 3, "\(deed.button)")
      let undone = try acme.sales.press("Take all of it back", on: try acme.sales.follow(answer))
      #expect(undone.status == 303)
    }
  }

  @Test func `are looked at before anything is done, in one round trip`() throws {
    let page = try acme.sales.get("/leads/bulk?lead=\(leads[0])&lead=\(leads[2])")

    #expect(page.trips == 1)
    #expect(page.heading == "Change 2 leads")
    #expect(page.shows("Archive 2 leads"))
    #expect(page.shows("Lead 1") && !page.shows("Lead 2"))
  }

  @Test(
    arguments: [
      ([("action", "stage"), ("stage", "proposal")], "stage = 'proposal'", "3 leads moved"),
      ([("action", "tag"), ("add_tags", "vip, fair")], "tags = '{vip,fair}'", "3 leads tagged"),
      ([("action", "archive")], "archived_at is not null", "3 leads archived"),
    ] as [([(String, String)], String, String)])
  func `change together and are put back together`(
    fields: [(String, String)], change: String, words: String
  ) throws {
    let before = try acme.dump()

    let answer = try post(fields)
    let done = try acme.count("leads", where: SQL(unchecked: change))
    let page = try acme.sales.follow(answer)
    let undone = try acme.sales.follow(try acme.sales.post("\(answer.place ?? "")/undo"))

    #expect(answer.trips == 2)
    #expect(done == 3)
    #expect(page.heading == words)
    #expect(undone.shows("Taken back by Sam Sales"))
    #expect(try acme.dump() == before)
  }

  @Test(
    arguments: [
      ([("action", "stage"), ("stage", "new")], "stage", "They are all in this stage already."),
      ([("action", "tag"), ("remove_tags", "vip")], "add_tags", "Nothing would change:"),
      (
        [("action", "assign"), ("owner", "nobody")], "owner", "That is whose they are already."
      ),
    ] as [([(String, String)], String, String)])
  func `that would not change are told so, and leave no operation`(
    fields: [(String, String)], field: String, words: String
  ) throws {
    let answer = try post(fields)

    #expect(answer.status == 422)
    #expect(answer.error(beside: field)?.hasPrefix(words) == true)
    #expect(try acme.count("operations") == 0)
  }

  @Test func `get an owner, who is told once, and lose them again`() throws {
    let before = try acme.dump()

    let answer = try post([("action", "assign"), ("owner", acme.admin.user.description)])
    #expect(try acme.count("leads", where: "owner_id = \(acme.admin.user)") == 3)
    #expect(try acme.count("lead_assignments", where: "strategy = 'manual'") == 3)
    #expect(try acme.count("notifications", where: "user_id = \(acme.admin.user)") == 1)

    _ = try acme.sales.post("\(answer.place ?? "")/undo")
    #expect(try acme.dump() == before)
  }

  @Test func `stay where they are once they are closed`() throws {
    let answer = try post([("action", "stage"), ("stage", "discovery")])
    _ = try acme.sales.post(
      "/leads/\(leads[1])/outcome", ["outcome": "lost", "reason": "no budget"])

    _ = try acme.sales.post("\(answer.place ?? "")/undo")

    #expect(try acme.count("leads", where: "outcome = 'lost' and stage = 'discovery'") == 1)
    #expect(try acme.count("leads", where: "outcome = 'open' and stage = 'new'") == 2)
  }

  @Test(arguments: ["", "somebody"])
  func `are not taken from everybody by one click`(owner: String) throws {
    let page = try post([("action", "assign"), ("owner", owner)])
    _ = try post([("action", "assign"), ("owner", acme.admin.user.description)])
    let nobody = try post([("action", "assign"), ("owner", "nobody")])

    #expect(page.status == 422)
    #expect(page.error(beside: "owner") == "Choose the new owner, or nobody.")
    #expect(page.has("<option value=\"nobody\">Nobody</option>"))
    #expect(nobody.status == 303)
  }

  @Test func `whoever is given them is told how many, and sees which`() throws {
    let answer = try post([("action", "assign"), ("owner", acme.admin.user.description)])

    let told = try acme.admin.get("/notifications")

    #expect(told.shows("Sam Sales gave you 3 leads: What changed"))
    #expect(told.link("What changed") == answer.place)
  }

  @Test(
    arguments: [
      [("action", "stage"), ("stage", "proposal")], [("action", "tag"), ("add_tags", "vip")],
      [("action", "archive")], [("action", "assign"), ("owner", "nobody")],
    ] as [[(String, String)]])
  func `lead from their timelines to what was done, and to its undo`(
    fields: [(String, String)]
  ) throws {
    for lead in leads {
      _ = try acme.sales.post(
        "/leads/\(lead)/assignment", ["owner": acme.sales.user.description])
    }

    let answer = try post(fields)
    let timeline = try acme.sales.get("/leads/\(leads[1])")
    let operation = try acme.sales.get(try #require(timeline.link("What changed")))

    #expect(timeline.link("What changed") == answer.place)
    #expect(operation.shows("Take all of it back"))
    #expect(
      try acme.count(
        "outbox_events", where: "payload ->> 'operation' = \(answer.id)") == 3)
  }

  @Test func `stand in the list of recent changes, newest first, and whether they were taken back`()
    throws
  {
    let first = try post([("action", "tag"), ("add_tags", "vip")])
    _ = try post([("action", "archive")], of: [leads[0]])
    _ = try acme.admin.post("\(first.place ?? "")/undo")

    let page = try acme.reviewer.get("/operations")
    let before = try acme.sales.get("/operations?before=\(first.id)")

    #expect(page.trips == 1)
    #expect(page.shows("1 lead archived Stands Sam Sales"))
    #expect(page.shows("3 leads tagged Taken back by Ada Admin Sam Sales"))
    #expect(
      (page.text.range(of: "archived")?.lowerBound ?? page.text.endIndex)
        < (page.text.range(of: "tagged")?.lowerBound ?? page.text.startIndex))
    #expect(page.link("3 leads tagged") == first.place)
    #expect(before.shows("Nothing was changed in bulk yet"))
    #expect(try TestTenant.fresh().sales.get("/operations").shows("Nothing was changed in bulk"))
  }

  @Test func `taken back are told in the histories in the words of everything else`() throws {
    for fields in [
      [("action", "assign"), ("owner", acme.admin.user.description)],
      [("action", "stage"), ("stage", "proposal")], [("action", "tag"), ("add_tags", "vip, fair")],
    ] as [[(String, String)]] {
      let done = try post(fields)
      _ = try acme.sales.post("\(done.place ?? "")/undo")
    }

    let history = try acme.sales.get("/leads/\(leads[0])/history")
    let fields = history.text.range(of: "Field by field").map { history.text[$0.upperBound...] }

    #expect(history.shows("Owner: Ada Admin → nobody"))
    #expect(fields?.contains("Owner: Ada Admin → empty") == true)
    #expect(fields?.contains("Tags: vip fair → empty") == true)
    #expect(fields?.contains("Stage: Proposal → New") == true)
    #expect(!history.has("stage_since") && !history.has("owner_id") && !history.has("[&quot;"))
  }

  @Test func `keep what somebody edited since, and say so by name`() throws {
    let answer = try post([("action", "tag"), ("add_tags", "vip")])
    _ = try acme.sales.post("/leads/\(leads[1])/tags", ["tags": "vip, mine"])

    let undone = try acme.sales.follow(try acme.sales.post("\(answer.place ?? "")/undo"))

    #expect(undone.shows("1 field was edited since and stays as it is."))
    #expect(undone.shows("Lead 2 edited since, stays Tags"))
    #expect(try acme.count("leads", where: "tags = '{vip,mine}'") == 1)
    #expect(try acme.count("leads", where: "tags = '{}'") == 2)
  }

  @Test func `are put back once, however often it is asked`() throws {
    let answer = try post([("action", "archive")])

    let first = try acme.sales.post("\(answer.place ?? "")/undo")
    let second = try acme.admin.post("\(answer.place ?? "")/undo")

    #expect(first.location == second.location)
    #expect(try acme.count("activities", where: "kind = 'operation_undone'") == 3)
  }

  @Test func `do not change where one of them may not`() throws {
    _ = try acme.sales.post("/leads/\(leads[0])/stage", ["stage": "decision"])

    let page = try post([("action", "stage"), ("stage", "discovery")])

    #expect(page.status == 422)
    #expect(page.error(beside: "stage_reason") == "Some of these leads move back. Say why.")
    #expect(try acme.count("leads", where: "stage = 'discovery'") == 0)
    #expect(try acme.count("operations") == 0)
  }

  @Test func `that a list shows change all, unless others came meanwhile`() throws {
    func all(_ seen: String) throws -> Page {
      try acme.sales.post(
        "/leads/bulk",
        ["selection": "all=1&q=lead", "seen": seen, "action": "tag", "add_tags": "all"])
    }
    let page = try acme.sales.get("/leads/bulk?all=1&q=lead")
    _ = try acme.sales.post("/leads/\(leads[0])/archive")
    let fourth = try acme.lead(title: "Lead 4", email: "l4@example.com")

    // As many as were seen, and not the same.
    let stale = try all(page.hidden("seen") ?? "")
    let done = try all(stale.hidden("seen") ?? "")

    #expect(stale.status == 409)
    #expect(stale.shows("Other leads are in this list now."))
    #expect(done.status == 303)
    #expect(try acme.count("leads", where: "tags = '{all}'") == 3)
    #expect(try acme.count("leads", where: "tags = '{all}' and id = \(fourth)::uuid") == 1)
    #expect(try acme.count("leads", where: "tags = '{all}' and id = \(leads[0])::uuid") == 0)
  }

  @Test func `of another tenant are not there`() throws {
    let other = try TestTenant.fresh()

    let page = try post([("action", "archive")], by: other.sales)

    #expect(page.status == 409)
    #expect(try acme.count("leads", where: "archived_at is not null") == 0)
  }

  @Test func `random changes undone in reverse leave no trace`() throws {
    let before = try acme.dump()
    var random = SystemRandomNumberGenerator()
    var operations: [String] = []
    for _ in 0..<25 {
      let chosen = leads.filter { _ in Bool.random(using: &random) }
      guard !chosen.isEmpty else { continue }
      let choices: [[(String, String)]] = [
        [
          ("action", "stage"), ("stage", ["new", "discovery", "proposal"].randomElement()!),
          ("stage_reason", "r"),
        ],
        [("action", "tag"), ("add_tags", ["a", "b", "c"].randomElement()!), ("remove_tags", "b")],
        [
          ("action", "assign"),
          ("owner", [acme.admin.user.description, "nobody"].randomElement()!),
        ],
        [("action", "archive")],
      ]
      let answer = try post(choices.randomElement()!, of: chosen)
      // One that changes nothing is refused.
      #expect(answer.status == 303 || answer.shows("already"))
      if let place = answer.place { operations.append(place) }
    }
    for operation in operations.reversed() { _ = try acme.sales.post("\(operation)/undo") }

    #expect(try acme.dump() == before)
    #expect(try acme.count("operation_changes", where: "outcome = 'refused'") == 0)
  }
}
