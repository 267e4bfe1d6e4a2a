import CRM
import HTTP
import HTTPTypes
import Logging
import Postgres
import Secrets
import Spool
import Templating

/// Turns whatever was thrown into an answer.
enum ErrorPages {
  /// The page for whatever was thrown.
  static func answer(_ error: any Error, _ visit: Visit) -> Response {
    do {
      switch error {
      case EntryRefusal.noSession: return try sessionEnded(visit)
      case EntryRefusal.notPermitted: return page(.forbidden, visit)
      case let error as PostgresError:
        if let refusal = EntryRefusal(error), error.constraint == nil {
          return answer(refusal, visit)
        }
        // The lead was deleted, or merged, or a recipient's address changed, since the page was made.
        if error.constraint == "drafts_lead_alive" || Draft.Refusal(error) != nil {
          return page(.conflict, visit)
        }
        return failure(error, error.isOutage ? .serviceUnavailable : .internalServerError, visit)
      case PasswordHash.Failure.busy: return failure(error, .serviceUnavailable, visit)
      case let error as UnreadableFilter:
        return try visit.plainPage(ErrorPage.unreadable(error, frame(visit)), status: .badRequest)
      case let error as NoPlace: return try noPlace(error, visit)
      case SpoolFailure.full: return try noPlace(.others, visit)
      // What no form of the page explains: the lead is not as it was when the page was made.
      case is Lead.Refusal, is Question.Refusal: return page(.conflict, visit)
      case is NotFound: return page(.notFound, visit)
      case let error as ForeignPost:
        visit.log(.notice, "post refused", ["reason": "\(error.reason)"])
        return try visit.plainPage(ErrorPage.stale(frame(visit)), status: .forbidden)
      case let error as ClientError: return try clientError(error, visit)
      default: return failure(error, .internalServerError, visit)
      }
    } catch {
      return failure(error, .internalServerError, visit)
    }
  }

  /// The page for a request that could not be read.
  static func answer(_ refused: RefusedRequest, _ services: Services) -> Response {
    let page = ErrorPage(
      refused.error.status, PlainFrame(services.shared, language: "en", requestID: refused.id))
    do {
      var response = Response.html(
        try services.shared.templates.render(page, in: .english), status: refused.error.status)
      try addAllow(refused.error, to: &response)
      return response
    } catch {
      return lastResort(refused.id, refused.error.status)
    }
  }

  private static func frame(_ visit: Visit) -> PlainFrame {
    PlainFrame(visit.shared, language: visit.preferredLanguage, requestID: visit.request.id)
  }

  static func page(_ status: HTTPResponse.Status, _ visit: Visit) -> Response {
    do {
      var page = ErrorPage(status, frame(visit))
      if status == .conflict { page.fields = try TypedField.all(visit) }
      return try visit.plainPage(page, status: status)
    } catch {
      visit.log(.error, "error page failed", ["error": "\(error)"])
      return lastResort(visit.request.id, status)
    }
  }

  private static func noPlace(_ refusal: NoPlace, _ visit: Visit) throws -> Response {
    visit.log(.notice, "no place", ["taken_by": "\(refusal)"])
    let page = ErrorPage.noPlace(refusal, frame(visit))
    var response = try visit.plainPage(
      page, status: refusal == .yours ? .tooManyRequests : .serviceUnavailable)
    try response.add(.retryAfter, "5")
    return response
  }

  private static func clientError(_ error: ClientError, _ visit: Visit) throws -> Response {
    var response = page(error.status, visit)
    try addAllow(error, to: &response)
    return response
  }

  private static func addAllow(_ error: ClientError, to response: inout Response) throws {
    guard !error.allowedMethods.isEmpty else { return }
    try response.add(.allow, error.allowedMethods.map(\.rawValue).joined(separator: ", "))
  }

  /// What only the log may know: the page shows a number.
  private static func failure(
    _ error: any Error, _ status: HTTPResponse.Status, _ visit: Visit
  ) -> Response {
    visit.log(
      .error, "failure",
      [
        "route": "\(visit.request.pattern ?? "-")",
        "error": "\(String(reflecting: error))",
      ])
    var response = page(status, visit)
    if status == .serviceUnavailable {
      do { try response.add(.retryAfter, "5") } catch {
        return lastResort(visit.request.id, status)
      }
    }
    return response
  }

  /// Where even the error page cannot be rendered.
  private static func lastResort(_ id: String, _ status: HTTPResponse.Status) -> Response {
    .text("Something went wrong. Request \(id)\n", status: status)
  }

  private static func sessionEnded(_ visit: Visit) throws -> Response {
    guard visit.request.method == .post else {
      let asked = Links.list(
        visit.request.path.raw,
        visit.request.query.pairs.filter { $0.name != "said" }.map { ($0.name, $0.value) })
      return try .seeOther(Links.signIn(next: LocalPath.accept(asked)))
    }
    return try visit.plainPage(SessionEndedPage(visit), status: .unauthorized)
  }
}
