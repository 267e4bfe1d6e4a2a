import HTTPTypes
import Testing

@testable import HTTP

@Suite struct `A request` {
  @Test func `gives its headers and its cookies`() throws {
    let request = try Request(
      method: .get, target: "/",
      headers: [.cookie: "a=1; __Host-sess=xyz; quoted=\"q\"", .origin: "https://crm.example"])

    #expect(request.header(.origin) == "https://crm.example")
    #expect(request.header(.referer) == nil)
    #expect(try request.cookie("__Host-sess") == "xyz")
    #expect(try request.cookie("quoted") == "q")
    #expect(try request.cookie("sess") == nil)
  }

  @Test func `with two cookies of one name is refused when that name is read`() throws {
    let request = try Request(
      method: .get, target: "/", headers: [.cookie: "s=1; other=x; s=1; other=y"])

    #expect(throws: ClientError.badRequest("a cookie is given twice")) { try request.cookie("s") }
    #expect(try request.cookie("absent") == nil)
  }

  @Test(arguments: ["s=a b", "s=a,b", "s=a\"b", "s=a\\b", "s=é"])
  func `with a cookie of bytes that none may hold is refused`(header: String) throws {
    let request = try Request(method: .get, target: "/", headers: [.cookie: header])

    #expect(throws: ClientError.self) { try request.cookie("s") }
  }

  @Test(arguments: ["a\u{0}b", "a\nb", "a\r\nb", "a\u{1b}[0m", "a\u{7f}", "a\u{85}"])
  func `with a control character in a header is refused`(value: String) {
    #expect(throws: ClientError.self) {
      try Request(method: .get, target: "/", headers: [.userAgent: value])
    }
    #expect(throws: ClientError.self) { try Request(method: .get, target: "/", host: value) }
  }

  @Test func `has an id of sixteen digits of its own`() throws {
    let one = try Request(method: .get, target: "/").id
    let other = try Request(method: .get, target: "/").id

    #expect(one.utf8.count == 16)
    #expect(one != other)
  }
}

@Suite struct `A response` {
  private static let payloads: [String] = {
    let bad = (0..<0x20).map { UInt8($0) } + [0x7F]
    let scalars = bad.map { String(Unicode.Scalar($0)) }
    return scalars.flatMap { ["/x\($0)Set-Cookie: a=b", "\($0)", "x\($0)\u{301}"] }
  }()

  @Test(arguments: payloads) func `never carries a control byte in a header`(value: String) throws {
    var response = Response.text("")

    for name in [HTTPField.Name.location, .contentDisposition, .eTag] {
      #expect(throws: InvalidHeader.self) { try response.add(name, value) }
      #expect(throws: InvalidHeader.self) { try response.set(name, value) }
    }
    #expect(throws: InvalidHeader.self) { try response.add(Cookie("s", value)) }
    #expect(throws: InvalidHeader.self) { try Response.seeOther("/" + value) }
    #expect(response.headers.count == 1)
  }

  @Test(arguments: [
    "Content-Length", "transfer-encoding", "Status", "X-Accel-Redirect", "x-accel-buffering",
  ])
  func `does not let a page give orders to nginx`(name: String) throws {
    var response = Response.text("")

    let field = try #require(HTTPField.Name(name))

    #expect(throws: InvalidHeader.self) { try response.add(field, "1") }
  }

  @Test func `redirects within the site only`() throws {
    #expect(try Response.seeOther("/leads/7?saved=1").header(.location) == "/leads/7?saved=1")
    #expect(try Response.seeOther("/").status == .seeOther)
    for target in ["", "leads", "//evil.example", "https://evil.example", "/\\evil", "/a b", "/é"] {
      #expect(throws: InvalidHeader.self) { try Response.seeOther(target) }
    }
  }

  @Test func `writes cookies that no script and no other host reads`() throws {
    var response = Response.text("")
    try response.add(Cookie("__Host-sess", "abc"))
    #expect(
      response.header(.setCookie) == "__Host-sess=abc; Path=/; Secure; HttpOnly; SameSite=Lax")

    var other = Response.text("")
    try other.add(Cookie("pre", "", maxAgeSeconds: 0, sameSite: .strict, isSecure: false))
    #expect(other.header(.setCookie) == "pre=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
  }

  @Test func `replaces a header when it is set`() throws {
    var response = Response.html([])

    try response.set(.contentType, "text/csv")
    try response.add(.vary, "a")
    try response.add(.vary, "b")

    #expect(response.headers.map(\.value) == ["text/csv", "a", "b"])
  }
}

@Suite struct `A router` {
  private let router = {
    var router = Router<String>()
    router.add(.get, "/", "home")
    router.add(.get, "/leads", "list")
    router.add(.post, "/leads", "create")
    router.add(.get, "/leads/new", "new")
    router.add(.get, "/leads/{id}", "show")
    router.add(.get, "/leads/{id}/notes", "notes")
    router.add(.post, "/drafts/{draft}/versions/{version}/approval", "approve")
    router.add(.get, "/leads/new/help", "help")
    return router
  }()

  private func handler(_ method: HTTPRequest.Method, _ target: String) throws -> String? {
    let path = try Request(method: method, target: target).path
    guard case .found(let route) = router.match(method, path) else { return nil }
    return route.handler
  }

  @Test func `finds literals before parameters`() throws {
    #expect(try handler(.get, "/") == "home")
    #expect(try handler(.get, "/leads") == "list")
    #expect(try handler(.post, "/leads") == "create")
    #expect(try handler(.get, "/leads/new") == "new")
    #expect(try handler(.get, "/leads/7") == "show")
    #expect(try handler(.get, "/leads/7/notes") == "notes")
    #expect(try handler(.get, "/leads/new/notes") == "notes")
    #expect(try handler(.get, "/leads/new/help") == "help")
  }

  @Test(arguments: [
    "/lead", "/leads/", "/leads/7/", "/leads/7/x", "/Leads", "/leads/7/notes/1", "/leads%20",
    "/drafts/1",
  ])
  func `finds nothing where there is nothing`(target: String) throws {
    let path = try Request(method: .get, target: target).path

    guard case .notFound = router.match(.get, path) else {
      Issue.record("\(target) was found")
      return
    }
  }

  @Test func `compares bytes, so that a look-alike is another path`() throws {
    var router = Router<Int>()
    router.add(.get, "/K", 1)

    let kelvin = try Request(method: .get, target: "/%E2%84%AA").path

    guard case .notFound = router.match(.get, kelvin) else {
      Issue.record("KELVIN SIGN was taken for K")
      return
    }
  }

  @Test func `gives the path's parameters and the pattern for the log`() throws {
    var request = try Request(method: .post, target: "/drafts/a%20b/versions/3/approval?x=1")
    guard case .found(let route) = router.match(.post, request.path) else {
      Issue.record("no route")
      return
    }

    request.follow(route)

    #expect(request.pattern == "/drafts/{draft}/versions/{version}/approval")
    #expect(request.parameter("draft") == "a b")
    #expect(request.parameter("version") == "3")
    #expect(request.parameter("id") == nil)
  }

  @Test func `names the methods of a path it has`() throws {
    let path = try Request(method: .get, target: "/leads").path

    guard case .methodNotAllowed(let methods) = router.match(.delete, path) else {
      Issue.record("DELETE was not refused")
      return
    }
    #expect(methods == [.get, .post, .head])
  }

  @Test func `lets GET answer HEAD and nothing else`() throws {
    let path = try Request(method: .head, target: "/drafts/1/versions/2/approval").path

    #expect(try handler(.head, "/leads/7") == "show")
    guard case .methodNotAllowed([.post]) = router.match(.head, path) else {
      Issue.record("HEAD was answered by POST")
      return
    }
  }

  @Test func `shows its table`() {
    #expect(router.routes.count == 8)
    #expect(router.routes.map(\.pattern).contains("/leads/{id}/notes"))
  }
}
