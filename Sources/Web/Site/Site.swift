import CRM
import HTTP
import HTTPTypes
import Logging
import Postgres
import Secrets
import Templating

/// The whole site: a function from a request to a response.
package struct Site: Sendable {
  let router: Router<Answer>

  package init() {
    var router = Router<Answer>()
    Routes.add(to: &router)
    self.router = router
  }

  /// The paths that take more than a form of text, and how many bytes.
  package var longBodies: [String: Int] {
    let uploads = router.routes.compactMap { route in
      route.handler.bodyBytesMax.map { (route.pattern, $0) }
    }
    return Dictionary(uniqueKeysWithValues: uploads)
  }

  /// Answers a request. Never throws: what goes wrong is a page too.
  package func respond(to request: Request, _ services: inout Services) -> Response {
    let started = ContinuousClock.now
    var request = request
    let visit: Visit
    var response: Response
    do {
      let answer = try answer(&request)
      let token = try Self.token(request, services.shared.configuration)
      visit = Visit(request, services, token: token, permission: answer.audience.permission)
      response = respond(visit, answer)
    } catch {
      visit = Visit(request, services, token: nil, permission: nil)
      response = ErrorPages.answer(error, visit)
    }
    SecurityHeaders.add(to: &response, isSecure: services.shared.configuration.isSecure)
    sayOnce(visit, &response)
    log(visit, response, since: started)
    touchSession(visit)
    markRead(visit, response)
    return response
  }

  /// Answers what could not even be read as a request.
  package func refuse(_ refused: RefusedRequest, _ services: inout Services) -> Response {
    var response = ErrorPages.answer(refused, services)
    SecurityHeaders.add(to: &response, isSecure: services.shared.configuration.isSecure)
    services.shared.logStranger(
      .notice, "refused",
      [
        "id": "\(refused.id)", "status": .stringConvertible(response.status.code),
        "reason": "\(refused.error.reason)",
      ])
    services.shared.metrics.count(response.status.code, microseconds: 0)
    return response
  }

  private func respond(_ visit: Visit, _ answer: Answer) -> Response {
    do {
      if visit.request.method == .post { try checkPost(visit, answer) }
      let response = try answer.handler(visit)
      // A page for members that never asked the database who is looking would be a page for everyone.
      if answer.audience.isClosed, response.status.kind == .successful, visit.guest.viewer == nil {
        throw UncheckedAudience()
      }
      return response
    } catch {
      return ErrorPages.answer(error, visit)
    }
  }

  private func answer(_ request: inout Request) throws -> Answer {
    switch router.match(request.method, request.path) {
    case .found(let route):
      request.follow(route)
      return route.handler
    case .methodNotAllowed(let methods): throw ClientError.methodNotAllowed(methods)
    case .notFound: throw ClientError.notFound()
    }
  }

  /// Once, for every post; a handler cannot forget it.
  private func checkPost(_ visit: Visit, _ answer: Answer) throws {
    try Guard.checkOrigin(visit.request, visit.shared.configuration)
    switch answer.audience {
    case .everyone: break  // Sign-in checks its own cookie: there is no session yet.
    case .member, .may:
      guard let token = visit.token else { throw EntryRefusal.noSession }
      try Guard.checkToken(visit.request, of: token)
    }
  }

  private static func token(_ request: Request, _ configuration: SiteConfiguration) throws -> Token?
  {
    try request.cookie(configuration.cookieName("sess")).flatMap { Token($0) }
  }

  /// An answer that leads to a page with something to say brings the cookie for it; the page that said it takes it
  /// away, so that loading it again does not repeat it.
  private func sayOnce(_ visit: Visit, _ response: inout Response) {
    let configuration = visit.shared.configuration
    do {
      if let said = try response.header(.location).flatMap(Self.said(in:)) {
        try response.add(configuration.cookie("said", said, sameSite: .strict, maxAge: 60))
      } else if try visit.notice != nil {
        try response.add(configuration.cookie("said", "", sameSite: .strict, maxAge: 0))
      }
    } catch {
      visit.log(.warning, "nothing said", ["error": "\(error)"])
    }
  }

  private static func said(in location: String) throws -> String? {
    guard let question = location.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
    let query = String(Substring(location.utf8[question...].dropFirst()))
    return try NamedValues(query: query).value("said")
  }

  /// Whoever opened what a notification speaks of has read it.
  private func markRead(_ visit: Visit, _ response: Response) {
    guard visit.request.method == .get, response.status == .ok, visit.guest.hasUnread,
      let subject = visit.request.parameter("id").flatMap({ ID<Notification.Subject>($0) })
    else { return }
    do {
      try visit.services.database.write(as: DeskEntry(visit)) { tx in
        Notification.markRead(about: subject, in: tx)
      }
    } catch {
      visit.log(.warning, "notification not read", ["error": "\(error)"])
    }
  }

  /// In a trip of its own, after the answer is made: a failure here is no failure of the page.
  private func touchSession(_ visit: Visit) {
    guard visit.guest.viewer?.isTouchDue == true else { return }
    do {
      _ = try visit.services.database.call(try visit.session().touch)
    } catch {
      visit.log(.warning, "session not touched", ["error": "\(error)"])
    }
  }

  private func log(_ visit: Visit, _ response: Response, since started: ContinuousClock.Instant) {
    let microseconds = Int((ContinuousClock.now - started) / .microseconds(1))
    let tally = visit.services.database.takeTally()
    visit.shared.metrics.count(response.status.code, microseconds: microseconds)
    visit.log(
      .info, "request",
      [
        "tenant": "\(visit.guest.viewer?.tenant.description ?? "-")",
        "method": "\(visit.request.method.rawValue)", "route": "\(visit.request.pattern ?? "-")",
        "status": .stringConvertible(response.status.code),
        "ms": .stringConvertible(Double(microseconds) / 1_000),
        "trips": .stringConvertible(tally.roundTrips),
        "query_ms": .stringConvertible(Double(tally.microseconds) / 1_000),
      ])
  }
}

/// A handler answered without letting the database check who is looking.
struct UncheckedAudience: Error {}

extension Audience {
  fileprivate var isClosed: Bool {
    if case .everyone = self { false } else { true }
  }

  fileprivate var permission: Permission? {
    if case .may(let permission) = self { permission } else { nil }
  }
}
