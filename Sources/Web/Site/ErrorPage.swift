import HTTPTypes
import Templating

/// An error is a page too: what it means, what to do, and a number to ask about.
struct ErrorPage: Page {
  let frame: PlainFrame
  let status: Int
  let heading: L
  let explanation: L
  let steps: [Step]
  /// What was typed into the form that this answers.
  var fields: [TypedField] = []

  struct Step: Templated {
    let step: L
    static let keys = Keys<Step>().text("step", \.step)
  }

  static let template = "errors/error"
  static let keys = Keys<ErrorPage>().include(\.frame)
    .text("status", \.status).text("heading", \.heading).text("explanation", \.explanation)
    .flag("has_steps") { !$0.steps.isEmpty }.list("steps", \.steps)
    .flag("has_fields") { !$0.fields.isEmpty }.list("fields", \.fields)
}

extension ErrorPage {
  /// The words for a status; any other is told like a failure of ours.
  init(_ status: HTTPResponse.Status, _ frame: PlainFrame) {
    let (heading, explanation, steps) = Self.words(status.code)
    self.init(
      frame: frame, status: status.code, heading: heading, explanation: explanation,
      steps: steps.map(Step.init))
  }

  /// A form that did not come from a page of ours, or from one that was open for too long.
  static func stale(_ frame: PlainFrame) -> ErrorPage {
    ErrorPage(
      frame: frame, status: 403, heading: L("This page was open for too long"),
      explanation: L("Its form is no longer accepted. Nothing was changed."),
      steps: [Step(step: L("Load the page again and repeat what you did."))])
  }

  /// A list whose filter cannot be read: no list at all.
  static func unreadable(_ filter: UnreadableFilter, _ frame: PlainFrame) -> ErrorPage {
    ErrorPage(
      frame: frame, status: 400, heading: L("This list cannot be read"),
      explanation: L(
        "Its filter says “\(filter.name)=\(filter.value)”, which means nothing. Nothing was shown or changed."
      ),
      steps: [Step(step: L("Go back and choose the filter again, or open all leads."))])
  }

  /// Files that are made or read at this moment take all the room that there is for them.
  static func noPlace(_ refusal: NoPlace, _ frame: PlainFrame) -> ErrorPage {
    switch refusal {
    case .yours:
      ErrorPage(
        frame: frame, status: 429, heading: L("One file at a time"),
        explanation: L(
          "Another file of yours is being read, made or fetched. Nothing was changed."),
        steps: [Step(step: L("Wait until it is done, then try again."))])
    case .others:
      ErrorPage(
        frame: frame, status: 503, heading: L("Many files at once"),
        explanation: L("Others are busy with large files at this moment. Nothing was changed."),
        steps: [Step(step: L("Wait a few seconds, then try again."))])
    }
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
        L("Your role does not allow this. Nothing was changed."),
        [L("Ask an administrator for the role you need.")]
      )
    case 404:
      (
        L("There is nothing here"),
        L("The address is wrong, or what stood here is gone."),
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
          "The site cannot answer this right now. Nothing you sent was lost half-way: it was either done or not."
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
