import HTTP
import Secrets

/// What every POST must show before its handler is asked.
enum Guard {
  /// A page of ours made the browser send this. Browsers of today say so themselves
  /// (Sec-Fetch-Site); older ones say where they come from (Origin); who says neither is refused.
  static func checkOrigin(_ request: Request, _ configuration: SiteConfiguration) throws {
    if let site = request.header(.secFetchSite) {
      guard site == "same-origin" else { throw ForeignPost("sec-fetch-site is \(site)") }
      return
    }
    guard let origin = request.header(.origin) else { throw ForeignPost("no origin") }
    guard origin.utf8.elementsEqual(configuration.publicURL.utf8) else {
      throw ForeignPost("another origin")
    }
  }

  /// The token in the form belongs to the visitor.
  static func checkToken(_ request: Request, of visitor: Token) throws {
    guard let text = try request.form.value("_token"), FormToken(of: visitor).accepts(text) else {
      throw ForeignPost("the form token does not fit")
    }
  }
}

/// A post that did not come from a page of ours, or from one that is too old: 403.
struct ForeignPost: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}
