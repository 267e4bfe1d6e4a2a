import CRM
import HTTP
import HTTPTypes
import Logging
import Secrets
import Spool
import Templating

@testable import Web

/// A person with a browser: asks the whole site, without sockets, against the real database.
package final class Browser {
  package let token: Token?
  package let user: ID<User>
  package let email: String
  private var services: Services

  package init(token: Token?, user: ID<User> = ID(), email: String = "") {
    self.token = token
    self.user = user
    self.email = email
    services = TestSite.services()
  }

  /// The same person at a site with room for files of its own.
  package func visiting(_ heavyWork: HeavyWork) -> Browser {
    let other = Browser(token: token, user: user, email: email)
    other.services = TestSite.services(heavyWork)
    return other
  }

  /// The way into the tenant that a page's route without a permission has.
  package var session: Session { Session(token ?? .random(), may: nil, requestID: "test") }

  /// Somebody who is not signed in.
  package static var stranger: Browser { Browser(token: nil) }

  package func get(_ path: String, headers: [RequestHeader: String] = [:]) throws -> Page {
    try send(.get, path, headers: headers)
  }

  /// Posts a form as a browser does: with the tokens of a page of ours. `once` is new each time
  /// unless given, as on a page that was loaded for this post.
  package func post(
    _ path: String, _ fields: KeyValuePairs<String, String> = [:], once: String? = nil
  ) throws -> Page {
    try postPairs(path, fields.map { ($0.key, $0.value) }, once: once)
  }

  /// The same, for names that are given more than once.
  package func postPairs(
    _ path: String, _ fields: [(String, String)], once: String? = nil
  ) throws -> Page {
    var pairs = fields.map { (name: $0.0, value: $0.1) }
    if let token { pairs.append(("_token", FormToken(of: token).masked())) }
    pairs.append(("_once", once ?? ID<Posting>().description))
    return try post(path, body: NamedValues.encode(pairs))
  }

  /// Saves a page of settings as it is shown now, with these fields.
  package func settle(_ path: String, _ fields: KeyValuePairs<String, String>) throws -> Page {
    try settle(path, fields.map { ($0.key, $0.value) })
  }

  package func settle(_ path: String, _ fields: [(String, String)]) throws -> Page {
    let seen = try get(path).hidden("seen") ?? ""
    return try postPairs(path, fields + [("seen", seen)])
  }

  /// As above, with fields that a test made up as it ran.
  package func post(_ path: String, _ fields: [(name: String, value: String)]) throws -> Page {
    var pairs = fields
    if let token { pairs.append(("_token", FormToken(of: token).masked())) }
    pairs.append(("_once", ID<Posting>().description))
    return try post(path, body: NamedValues.encode(pairs))
  }

  /// Posts exactly these bytes.
  package func post(
    _ path: String, body: String, headers: [RequestHeader: String] = [.secFetchSite: "same-origin"]
  ) throws -> Page {
    var headers = headers
    headers[.contentType] = "application/x-www-form-urlencoded"
    return try send(.post, path, headers: headers, body: Array(body.utf8))
  }

  /// Posts a form with a file, as a browser does.
  package func upload(
    _ path: String, _ bytes: [UInt8], name: String = "leads.csv", once: String? = nil
  ) throws -> Page {
    let token = token.map { FormToken(of: $0).masked() } ?? ""
    let fields = [("_token", token), ("_once", once ?? ID<Posting>().description)]
    let text = fields.map {
      "--b0\r\nContent-Disposition: form-data; name=\"\($0.0)\"\r\n\r\n\($0.1)\r\n"
    }
    let head =
      "--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
    return try send(
      .post, path,
      headers: [.secFetchSite: "same-origin", .contentType: "multipart/form-data; boundary=b0"],
      body: Array((text.joined() + head).utf8) + bytes + Array("\r\n--b0--\r\n".utf8))
  }

  package func send(
    _ method: HTTPRequest.Method, _ path: String, headers: [RequestHeader: String] = [:],
    body: [UInt8] = []
  ) throws -> Page {
    var headers = headers
    if let token, headers[.cookie] == nil { headers[.cookie] = "sess=\(token.text)" }
    let request = try Request(
      method: method, target: path, headers: headers, body: Bytes(body),
      remoteAddress: "of \(user)",
      host: "localhost", isSecure: false)
    let response = TestSite.site.respond(to: request, &services)
    return try Page(response, trips: TestSite.log.takeTrips(request.id))
  }

  /// Follows a 303, as a browser does.
  package func follow(_ page: Page) throws -> Page {
    guard let location = page.location else { return page }
    guard let token, let said = page.cookie("said") else { return try get(location) }
    return try get(location, headers: [.cookie: "sess=\(token.text); said=\(said)"])
  }
}

package enum TestSite {
  package static let url = "http://localhost"
  static let site = Site()
  package static let log = LogRecorder()

  package static let templates: Templates = {
    do {
      return try Templates(directory: repositoryRoot + "/Templates", pages: Site.pages)
    } catch {
      preconditionFailure("The templates do not compile: \(error)")
    }
  }()

  private static let schema: SchemaState = {
    do {
      return try SchemaState(ofRelease: repositoryRoot + "/migrations")
    } catch {
      preconditionFailure("The migrations are none: \(error)")
    }
  }()

  package static let door = SignInDoor(TestDatabase.open(as: .signIn), hashWait: .seconds(60))

  private static let shared = shared(
    HeavyWork(spool: Spool(directory: "/tmp", bytesMax: 1 << 30), workers: 256))

  private static func shared(_ heavyWork: HeavyWork) -> Services.Shared {
    Services.Shared(
      configuration: SiteConfiguration(publicURL: url, release: "test", schema: schema),
      templates: templates,
      assets: Assets(manifest: ""), door: door,
      heavyWork: heavyWork, log: Logger(label: "test") { _ in log }, strangersLinesPerSecond: .max)
  }

  static func services(_ heavyWork: HeavyWork? = nil) -> Services {
    Services(
      database: TestDatabase.shared(as: .web), shared: heavyWork.map { shared($0) } ?? shared)
  }

  package static let repositoryRoot = #filePath.split(separator: "/").dropLast(3)
    .reduce("") { "\($0)/\($1)" }

  package static var routes: [(method: HTTPRequest.Method, pattern: String, audience: Audience)] {
    site.router.routes.map { ($0.method, $0.pattern, $0.handler.audience) }
  }
}
