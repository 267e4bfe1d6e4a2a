import CRM
import HTTP
import HTTPTypes
import Logging
import Postgres
import Secrets
import Templating

/// An error is a page too: what it means, what to do, and a number to ask about.
struct ErrorPage: Page {
  let frame: PlainFrame
  let status: Int
  let heading: L
  let explanation: L
  let steps: [Step]
  let backURL: String?

  struct Step: Templated {
    let step: L
    static let keys = Keys<Step>().text("step", \.step)
  }

  static let template = "errors/error"
  static let keys = Keys<ErrorPage>().include(\.frame)
    .text("status", \.status).text("heading", \.heading).text("explanation", \.explanation)
    .flag("has_steps") { !$0.steps.isEmpty }.list("steps", \.steps).text("back_url", \.backURL)
}

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
        return failure(error, error.isOutage ? .serviceUnavailable : .internalServerError, visit)
      case PasswordHash.Failure.busy: return failure(error, .serviceUnavailable, visit)
      case is NotFound: return page(.notFound, visit)
      case let error as ForeignPost:
        visit.shared.log.notice(
          "post refused", metadata: ["id": "\(visit.request.id)", "reason": "\(error.reason)"])
        return page(.forbidden, visit)
      case let error as ClientError: return try clientError(error, visit)
      default: return failure(error, .internalServerError, visit)
      }
    } catch {
      return failure(error, .internalServerError, visit)
    }
  }

  /// The page for a request that could not be read.
  static func answer(_ refused: RefusedRequest, _ services: Services) -> Response {
    let page = page(
      for: refused.error.status,
      frame: PlainFrame(services.shared, language: "en", requestID: refused.id),
      backURL: nil)
    do {
      var response = Response.html(
        try services.shared.templates.render(page, in: .english), status: refused.error.status)
      try addAllow(refused.error, to: &response)
      return response
    } catch {
      return lastResort(refused.id, refused.error.status)
    }
  }

  static func page(_ status: HTTPResponse.Status, _ visit: Visit) -> Response {
    let frame = PlainFrame(
      visit.shared, language: visit.guest.viewer?.locale ?? visit.preferredLanguage,
      requestID: visit.request.id)
    do {
      return try visit.plainPage(page(for: status, frame: frame, backURL: nil), status: status)
    } catch {
      visit.shared.log.error("error page failed", metadata: ["error": "\(error)"])
      return lastResort(visit.request.id, status)
    }
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
    visit.shared.log.error(
      "failure",
      metadata: [
        "id": "\(visit.request.id)", "route": "\(visit.request.pattern ?? "-")",
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
      return try .seeOther(Links.signIn(next: LocalPath.accept(visit.request.path.raw)))
    }
    return try visit.plainPage(SessionEndedPage(visit), status: .unauthorized)
  }
}

extension ErrorPages {
  /// The words for a status; any other is told like a failure of ours.
  private static func page(
    for status: HTTPResponse.Status, frame: PlainFrame, backURL: String?
  ) -> ErrorPage {
    let (heading, explanation, steps) = words(status.code)
    return ErrorPage(
      frame: frame, status: status.code, heading: heading, explanation: explanation,
      steps: steps.map(ErrorPage.Step.init), backURL: backURL)
  }

  private static func words(_ code: Int) -> (L, L, [L]) {
    switch code {
    case 400, 411, 414, 415, 431:
      (
        L("The request could not be read"),
        L(
          "Something in the address or the form is not as a browser sends it. Nothing was changed."),
        [L("Go back and try again."), L("Remove unusual characters that were pasted in.")]
      )
    case 403:
      (
        L("This is not open to you"),
        L("Your role does not allow this, or the page was open for too long. Nothing was changed."),
        [
          L("Load the page again and repeat what you did."),
          L("Ask an administrator for the role you need."),
        ]
      )
    case 404:
      (
        L("There is nothing here"),
        L("The address is wrong, or what stood here is gone or belongs to somebody else."),
        [L("Look for it in the lists.")]
      )
    case 405:
      (
        L("This address does not work like that"),
        L("It is there, but not for what was asked of it."), []
      )
    case 409:
      (
        L("Somebody was quicker"),
        L("What you wanted to change is no longer as you saw it. Nothing was changed."),
        [L("Look at it again, then decide.")]
      )
    case 413:
      (
        L("That is too much at once"),
        L("The form or file is larger than this page takes. Nothing was changed."),
        [L("Send less text, or divide it.")]
      )
    case 429:
      (
        L("Too many requests"), L("For safety this is paused for a moment."),
        [L("Wait a little, then try again.")]
      )
    case 503:
      (
        L("Back in a moment"),
        L(
          "The database does not answer right now. Nothing you sent was lost half-way: it was either done or not."
        ),
        [
          L("Wait a few seconds, then load the page again."),
          L("A form can be sent again safely: it counts once."),
        ]
      )
    default:
      (
        L("Something went wrong on our side"),
        L("It was noted with the number below. Nothing was done half-way."),
        [L("Try again; if it stays, ask for help with that number.")]
      )
    }
  }
}

/// A form was posted after the session had ended: everything typed is shown, so that nothing is lost.
struct SessionEndedPage: Page {
  let frame: PlainFrame
  let signInURL: String
  let fields: [TypedField]

  struct TypedField: Templated {
    let name: String
    let value: String
    let rows: Int

    static let keys = Keys<TypedField>()
      .text("name", \.name).text("label", \.name).text("value", \.value).text("rows", \.rows)
  }

  init(_ visit: Visit) throws {
    frame = PlainFrame(visit.shared, language: visit.preferredLanguage, requestID: visit.request.id)
    signInURL = Links.signIn(next: nil)
    // Hidden fields, whose names begin with "_", and passwords are nobody's typing to keep.
    fields = try visit.request.form.fields.pairs
      .filter {
        !$0.value.isEmpty && $0.name.utf8.first != UInt8(ascii: "_") && $0.name != "password"
      }
      .map { pair in
        let lines = pair.value.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        return TypedField(name: pair.name, value: pair.value, rows: min(lines + 1, 20))
      }
  }

  static let template = "errors/session_ended"
  static let keys = Keys<SessionEndedPage>().include(\.frame)
    .text("sign_in_url", \.signInURL).flag("has_fields") { !$0.fields.isEmpty }
    .list("fields", \.fields)
}
