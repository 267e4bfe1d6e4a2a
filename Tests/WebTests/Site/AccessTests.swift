import CRM
import HTTP
import HTTPTypes
import Postgres
import TestSupport
import Testing

@testable import Web

@Suite struct Access {
  @Test func `another tenant's things are not there, whatever the route`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let draft = try acme.waitingDraft()
    _ = try acme.approve(try acme.waitingDraft())
    let delivery = try acme.look(
      Query(
        "delivery", "select id::text from deliveries where tenant_id = app.tenant()",
        only: { (row: inout Row) -> String in try row.next() }))
    let stranger = try TestTenant.fresh()
    var asked = 0

    for route in TestSite.routes where route.pattern.contains("{id}") {
      let id =
        route.pattern.hasPrefix("/leads")
        ? lead : route.pattern.hasPrefix("/outbox") ? delivery : draft
      let path = route.pattern.replacing(/\{[a-z]+\}/, with: id)
      let isForAdmins = ["/outbox", "/settings"].contains { route.pattern.hasPrefix($0) }
      let browser = isForAdmins ? stranger.admin : stranger.allrounder
      let page =
        route.method == .get ? try browser.get(path) : try browser.post(path, Self.anyForm(id))
      #expect(page.status == 404, "\(route.method) \(route.pattern) answered \(page.status)")
      asked += 1
    }

    #expect(asked >= 18)
  }

  /// Valid for every form of the site.
  private static func anyForm(_ id: String) -> KeyValuePairs<String, String> {
    [
      "title": "T", "subject": "S", "content_md": "C", "reason": "R", "comment": "C",
      "revision": "1",
      "stage": "discovery", "content_sha256": String(repeating: "ab", count: 32),
      "resolution": "cancel", "body": "B", "kind": "email",
      "move": "\(id)/new/discovery",
      "text": "Why?", "rationale": "R", "category": "need", "fact": "",
      "channel": "call", "direction": "up", "name": "N", "question": "Why?",
      "weight": "3", "bank": id,
    ]
  }

  @Test func `a role that may not is told so, and nothing happens`() throws {
    let acme = try TestTenant.fresh()
    let draft = try acme.waitingDraft()
    let hash = try acme.hash(of: draft)

    #expect(
      try acme.sales.post("/drafts/\(draft)/approval", ["content_sha256": hash]).status == 403)
    #expect(
      try acme.admin.post("/drafts/\(draft)/approval", ["content_sha256": hash]).status == 403)
    #expect(try acme.sales.get("/outbox").status == 403)
    #expect(try acme.reviewer.post("/leads", ["title": "T"]).status == 403)
    #expect(try acme.status(of: draft) == "under_review")
  }

  @Test func `each page and form is closed to each role without its permission`() throws {
    let acme = try TestTenant.fresh()
    let people: [(Role, Browser)] = [
      (.sales, acme.sales), (.reviewer, acme.reviewer), (.admin, acme.admin),
    ]
    var refused = 0
    for route in TestSite.routes {
      guard case .may(let permission) = route.audience else { continue }
      for (role, browser) in people where !role.permissions.contains(permission) {
        let id = ID<Lead>().description
        let path = route.pattern.replacing(/\{[a-z]+\}/, with: id)
        let page =
          try route.method == .post
          ? browser.post(path, Self.anyForm(id)) : browser.get(path)
        #expect(page.status == 403, "\(role) \(route.method) \(route.pattern): \(page.status)")
        refused += 1
      }
    }

    #expect(refused >= 15)
  }

  @Test func `who is not signed in is led to sign in and back`() throws {
    let page = try Browser.stranger.get("/leads")

    #expect(page.status == 303)
    #expect(page.location == "/sign-in?next=%2Fleads")
  }

  @Test func `a post after the session ended shows everything typed`() throws {
    let acme = try TestTenant.fresh()
    try acme.change("delete from sec.sessions where tenant_id = app.tenant()")

    let page = try acme.sales.post("/leads", ["title": "Long work", "description": "many words"])

    #expect(page.status == 401)
    #expect(page.shows("Please sign in again"))
    #expect(page.shows("many words"))
  }

  @Test func `a post that no page of ours made is refused`() throws {
    let acme = try TestTenant.fresh()
    let body = "title=Forged&_once=1"
    let token = try #require(acme.sales.token)
    let masked = FormToken(of: token).masked()

    #expect(try acme.sales.post("/leads", body: body).status == 403)
    #expect(
      try acme.sales.post(
        "/leads", body: body + "&_token=\(masked)", headers: [.secFetchSite: "cross-site"]
      ).status == 403)
    #expect(
      try acme.sales.post(
        "/leads", body: body + "&_token=\(masked)", headers: [.secFetchSite: "same-site"]
      ).status == 403)
    #expect(
      try acme.sales.post(
        "/leads", body: body + "&_token=\(masked)", headers: [.origin: "http://evil.example"]
      ).status == 403)
    #expect(
      try acme.sales.post("/leads", body: body + "&_token=\(masked)", headers: [:]).status == 403)
    #expect(try acme.count("leads") == 0)
    #expect(
      try acme.sales.post(
        "/leads", body: body + "&_token=\(masked)", headers: [.origin: TestSite.url]
      ).status == 303)
  }

  @Test func `a method that a path does not have says which it has`() throws {
    let acme = try TestTenant.fresh()

    let page = try acme.sales.send(.put, "/leads")

    #expect(page.status == 405)
    #expect(page.header("Allow") == "GET, POST, HEAD")
  }

  @Test func `every answer carries the security headers`() throws {
    let acme = try TestTenant.fresh()

    for page in [
      try acme.sales.get("/leads"), try acme.sales.get("/nowhere"),
      try Browser.stranger.get("/sign-in"),
    ] {
      #expect(
        page.header("Content-Security-Policy")?.hasPrefix("default-src 'none'; script-src 'self'")
          == true)
      #expect(page.header("X-Content-Type-Options") == "nosniff")
      #expect(page.header("Cache-Control") == "no-store")
    }
  }

  @Test func `unknown and malformed ids are the same nothing`() throws {
    let acme = try TestTenant.fresh()

    let unknown = try acme.sales.get("/leads/0199c82c-c000-7001-8000-000300000000")
    let malformed = try acme.sales.get("/leads/not-an-id")

    #expect(unknown.status == 404)
    #expect(malformed.status == 404)
    #expect(unknown.heading == malformed.heading)
  }
}
