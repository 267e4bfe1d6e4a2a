import CRM
import HTTP
import HTTPTypes
import Templating

extension Visit {
  /// The page in the viewer's language.
  func page(_ page: some Page, _ desk: Desk, status: HTTPResponse.Status = .ok) throws -> Response {
    try render(page, in: desk.viewer.locale, status: status)
  }

  /// A page outside the desk.
  func plainPage(_ page: some Page, status: HTTPResponse.Status = .ok) throws -> Response {
    try render(page, in: preferredLanguage, status: status)
  }

  /// The viewer's language, or the one their browser asks for while nobody knows who it is.
  var preferredLanguage: String {
    if let viewer = guest.viewer { return viewer.locale }
    let wanted = request.header(.acceptLanguage) ?? ""
    return wanted.utf8.starts(with: "fr".utf8) ? "fr" : "en"
  }

  private func render(
    _ page: some Page, in code: String, status: HTTPResponse.Status
  ) throws -> Response {
    let templates = shared.templates
    let language = templates.language(code) ?? .english
    return .html(try templates.render(page, in: language), status: status)
  }
}

/// What pages outside the desk carry: sign-in and errors.
struct PlainFrame: Templated {
  let cssURL: String
  let jsURL: String
  let iconURL: String
  let language: String
  let requestID: String?

  init(_ shared: Services.Shared, language: String, requestID: String? = nil) {
    cssURL = shared.assets.url("css/site.css")
    jsURL = shared.assets.url("js/site.js")
    iconURL = shared.assets.url("icons/closerflow.svg")
    self.language = language
    self.requestID = requestID
  }

  static let keys = Keys<PlainFrame>()
    .text("css_url", \.cssURL).text("js_url", \.jsURL).text("icon_url", \.iconURL)
    .text("language", \.language).text("request_id", \.requestID)
}
