import CRM
import HTTP
import Postgres
import Secrets
import TestSupport
import Testing

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

  @Test func `is refused without the form's own token`() throws {
    let acme = try TestTenant.fresh()
    let password = try acme.password(for: acme.sales)

    let page = try Browser.stranger.post(
      "/sign-in", body: NamedValues.encode([("email", acme.sales.email), ("password", password)]))

    #expect(page.status == 403)
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
private struct Door {
  private let visitor = Browser.stranger

  func signIn(_ email: String, _ password: String, next: String = "") throws -> Page {
    let form = try visitor.get("/sign-in")
    let cookie = form.cookie("pre") ?? ""
    let body = NamedValues.encode([
      ("email", email), ("password", password), ("next", next),
      ("_token", form.hidden("_token") ?? ""), ("_once", "1"),
    ])
    return try visitor.post(
      "/sign-in", body: body, headers: [.secFetchSite: "same-origin", .cookie: "pre=\(cookie)"])
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
       where key like \("pair:\(sales.email):%")
      """)
  }
}
