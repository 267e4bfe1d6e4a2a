import CRM
import HTTP
import Postgres
import Secrets
import TestSupport
import Testing

@testable import Web

@Suite struct `Signing in` {
  @Test func `opens a session that other requests carry`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)

    let answer = try Door().signIn(acme.sales.email, password)
    let session = try #require(answer.cookie("sess").flatMap { Token($0) })

    #expect(answer.status == 303)
    #expect(try Browser(token: session).get("/leads").status == 200)
    #expect(try acme.count("audit_log", where: "action = 'signed_in'") == 1)
  }

  @Test func `the token is stored nowhere`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)

    let session = try #require(try Door().signIn(acme.sales.email, password).cookie("sess"))

    let token = try #require(Token(session))
    #expect(try acme.count("sec.sessions", where: "token_hash = \(token.digest)") == 1)
    #expect(try acme.count("sec.sessions", where: "token_hash = \(Array(session.utf8))") == 0)
  }

  @Test func `fails with the same words for a wrong password and an unknown person`() throws {
    let acme = try TestTenant.fresh()
    _ = try acme.password(for: acme.sales)

    let wrong = try Door().signIn(acme.sales.email, "not the password")
    let unknown = try Door().signIn("nobody-\(acme.id)@example.com", "not the password")

    #expect(wrong.status == 422)
    #expect(wrong.shows("That did not work"))
    #expect(unknown.status == wrong.status)
    #expect(
      unknown.text.replacing("nobody-\(acme.id)@example.com", with: "")
        == wrong.text.replacing(acme.sales.email, with: ""))
    #expect(!wrong.has("not the password"))
  }

  @Test func `is slowed down after five wrong passwords and says for how long`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)
    let door = Door()
    for _ in 1...5 { _ = try door.signIn(acme.sales.email, "wrong wrong wrong") }
    try acme.stretchWaits()

    let page = try door.signIn(acme.sales.email, password)

    #expect(page.status == 429)
    #expect(page.header("Retry-After") != nil)
    #expect(page.shows("Too many attempts"))
  }

  @Test func `a stranger who keeps knocking from one address keeps nobody out`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)
    let stranger = Door()
    for _ in 1...5 { _ = try stranger.signIn(acme.sales.email, "wrong wrong wrong") }
    try acme.stretchWaits()
    for _ in 1...80 { #expect(try stranger.signIn(acme.sales.email, "wrong").status == 429) }

    #expect(try Door().signIn(acme.sales.email, password).status == 303)
  }

  /// Eight connections with invented names, or a thousand: each counter that a stranger can reach is full.
  @Test func `works from a browser that is known, whatever strangers do`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)
    let own = Door()
    let first = try own.signIn(acme.sales.email, password)
    for _ in 1...5 { _ = try Door(at: own).signIn(acme.sales.email, "wrong wrong wrong") }
    try acme.change(
      """
      insert into sec.login_throttles (key, attempts, blocked_until)
      select k, 50, now() + interval '10 minutes'
        from unnest(array['account:' || \(acme.sales.email), 'address:' || \(own.address),
                          'pair:' || \(acme.sales.email) || ':' || \(own.address)]) k
          on conflict (key) do update set blocked_until = excluded.blocked_until
      """)

    #expect(first.cookie("known") != nil)
    #expect(try Door(at: own).signIn(acme.sales.email, password).status == 429)
    #expect(try own.signIn(acme.sales.email, password).status == 303)
  }

  @Test func `from a known browser is slowed down by its own wrong passwords alone`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)
    let (own, other) = (Door(), Door())
    for door in [own, other] { _ = try door.signIn(acme.sales.email, password) }
    for _ in 1...5 { _ = try own.signIn(acme.sales.email, "wrong wrong wrong") }
    try acme.stretchWaits()

    #expect(try own.signIn(acme.sales.email, password).status == 429)
    #expect(try other.signIn(acme.sales.email, password).status == 303)
    #expect(try Door().signIn(acme.sales.email, password).status == 303)
  }

  @Test func `from a browser that somebody else is known from is nothing special`() throws {
    let acme = try TestTenant.fresh()
    let passwords = (try acme.password(for: acme.sales), try acme.password(for: acme.reviewer))
    let door = Door()
    _ = try door.signIn(acme.reviewer.email, passwords.1)
    for _ in 1...5 { _ = try door.signIn(acme.sales.email, "wrong wrong wrong") }
    try acme.stretchWaits()

    #expect(try door.signIn(acme.sales.email, passwords.0).status == 429)
    #expect(try door.signIn(acme.reviewer.email, passwords.1).status == 303)
  }

  @Test
  func `waits in few places: one for an address, two for strangers, others for known browsers`()
    throws
  {
    let door = SignInDoor(TestDatabase.open(as: .signIn))
    func attempt(_ address: String) throws -> SignIn {
      SignIn(
        email: try #require(EmailAddress("ada@example.com")), password: "x", address: address,
        userAgent: "", browser: .random())
    }
    let (first, second, third) = (try attempt("1"), try attempt("2"), try attempt("3"))

    #expect(door.takePlace(first, false))
    #expect(try !door.takePlace(attempt("1"), false))
    #expect(door.takePlace(second, false))
    #expect(!door.takePlace(third, false))
    #expect(door.takePlace(third, true))
    #expect(!door.takePlace(third, true))
    door.leavePlace(first, false)
    #expect(door.takePlace(third, false))
  }

  @Test func `tells who finds no place, keeps what was typed, and counts it`() throws {
    let acme = try TestTenant.fresh()
    let busy = Door()
    let attempt = SignIn(
      email: try #require(EmailAddress(acme.sales.email)), password: "x", address: busy.address,
      userAgent: "", browser: .random())
    #expect(TestSite.door.takePlace(attempt, false))
    defer { TestSite.door.leavePlace(attempt, false) }

    let page = try busy.signIn(acme.sales.email, "right or wrong")

    #expect(page.status == 503 && page.shows("Others are signing in just now"))
    #expect(page.typed("email") == acme.sales.email)
    let attempts: Int? = try acme.look(
      Query(
        "attempts",
        "select attempts from sec.login_throttles where key = 'address:' || \(busy.address)",
        one: { try $0.next() }))
    #expect(attempts == 1)
  }

  @Test func `is refused without the form's own token`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)

    let page = try Browser.stranger.post(
      "/sign-in", body: NamedValues.encode([("email", acme.sales.email), ("password", password)]))

    #expect(page.status == 403)
  }

  @Test func `leads to the page that was asked for, with its query`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)
    let asked = "/leads?q=Caf%C3%A9%20No%2F7&stage=new"

    let refused = try Browser.stranger.get("\(asked)&said=lead-saved")
    let next = try #require(refused.link(toSignIn: ()))
    let answer = try Door().signIn(acme.sales.email, password, next: next)

    #expect(answer.location == asked)
  }

  @Test func `what was just done is said once`() throws {
    let acme = try TestTenant.fresh()
    let lead = try acme.lead()
    let done = try acme.sales.post("/leads/\(lead)/archive")

    let first = try acme.sales.follow(done)
    let again = try acme.sales.get(done.location ?? "")

    #expect(first.has("class=\"notice"))
    #expect(first.cookie("said") == "")
    #expect(!again.has("class=\"notice"))
  }

  @Test func `a disabled member is out at once`() throws {
    let acme = try TestTenant.fresh()
    try acme.change("update memberships set disabled_at = now() where user_id = \(acme.sales.user)")

    #expect(try acme.sales.get("/leads").place == "/sign-in")
  }

  @Test func `signing out ends the session for good`() throws {
    let acme = try TestTenant.fresh()

    let answer = try acme.sales.post("/sign-out")

    #expect(answer.place == "/sign-in")
    #expect(answer.cookie("sess") == "")
    #expect(try acme.sales.get("/leads").place == "/sign-in")
  }

  @Test(arguments: [
    "//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aSet-Cookie:x",
  ])
  func `never leads to another site`(next: String) throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)

    let answer = try Door().signIn(acme.sales.email, password, next: next)

    #expect(answer.location == "/")
  }
}

/// Somebody at the sign-in page, with the cookie that its form needs.
private final class Door {
  private let visitor: Browser
  private var known: String?

  init() { visitor = .stranger }

  /// Another browser at the same address.
  init(at other: Door) { visitor = other.visitor }

  var address: String { "of \(visitor.user)" }

  func signIn(_ email: String, _ password: String, next: String = "") throws -> Page {
    let form = try visitor.get("/sign-in")
    let cookies = ["pre": form.cookie("pre"), "known": known].compactMap { name, value in
      value.map { "\(name)=\($0)" }
    }
    let body = NamedValues.encode([
      ("email", email), ("password", password), ("next", next),
      ("_token", form.hidden("_token") ?? ""), ("_once", "1"),
    ])
    let page = try visitor.post(
      "/sign-in", body: body,
      headers: [.secFetchSite: "same-origin", .cookie: cookies.joined(separator: "; ")])
    known = page.cookie("known") ?? known
    return page
  }
}

extension Page {
  /// Where the sign-in page that this answer leads to goes on to.
  fileprivate func link(toSignIn: Void) -> String? {
    guard let location, let question = location.firstIndex(of: "?") else { return nil }
    let query = String(location[location.index(after: question)...])
    return try? NamedValues(query: query).value("next")
  }
}

extension TestTenant {
  /// Gives a member a real password.
  fileprivate func password(for browser: Browser) throws -> String {
    let password = "correct horse \(browser.user)"
    let hash = try PasswordHash.make(of: password, waitingAtMost: .seconds(30)).phc
    try change("update sec.users set password_hash = \(hash) where id = \(browser.user)")
    return password
  }

  /// As if the wrong tries so far had come at one moment: the wait that they earned is not over while
  /// a busy machine gets to the next one.
  fileprivate func stretchWaits() throws {
    try change(
      """
      update sec.login_throttles set blocked_until = blocked_until + interval '10 minutes'
       where key like any (array[\("pair:\(sales.email):%"), \("browser:\(sales.email):%")])
      """)
  }
}
