import CRM
import HTTP
import HTTPTypes
import Logging
import Postgres
import Secrets
import Templating

/// Signing in and out.
enum SignInPages {
  static func add(to router: inout Router<Answer>) {
    router.get("/sign-in", .everyone, show)
    router.post("/sign-in", .everyone, signIn)
    router.post("/sign-out", .member, signOut)
  }

  private static func show(_ visit: Visit) throws -> Response {
    var form = SignInForm()
    form.next = try visit.request.query.value("next").flatMap(LocalPath.accept) ?? ""
    return try page(visit, form, notice: visit.notice)
  }

  private static func signIn(_ visit: Visit) throws -> Response {
    guard let cookie = try preSession(visit) else { throw ForeignPost("no cookie from the form") }
    try Guard.checkToken(visit.request, of: cookie)
    let form = try SignInForm(visit.request.form)
    guard let email = form.email.value, let password = form.password.value else {
      return try page(visit, form, status: .unprocessableContent)
    }
    let configuration = visit.shared.configuration
    let browser = try visit.request.cookie(configuration.cookieName("known")).flatMap { Token($0) }
    let attempt = SignIn(
      email: email, password: password, address: visit.request.remoteAddress,
      userAgent: visit.request.header(.userAgent) ?? "", browser: browser ?? .random())
    do {
      let token = try visit.shared.door.open(attempt)
      return try welcome(visit, token, attempt.browser, next: form.next)
    } catch PasswordHash.Failure.busy {
      visit.shared.metrics.countRefusedSignIn()
      visit.log(.notice, "no place to sign in")
      var response = try page(visit, form, isBusy: true, status: .serviceUnavailable)
      try response.add(.retryAfter, "1")
      return response
    } catch SignIn.Refusal.wrong {
      return try page(visit, form, isRefused: true, status: .unprocessableContent)
    } catch SignIn.Refusal.tooMany(let seconds) {
      var response = try page(visit, form, retrySeconds: seconds, status: .tooManyRequests)
      try response.add(.retryAfter, String(seconds))
      return response
    }
  }

  private static func welcome(
    _ visit: Visit, _ token: Token, _ browser: Token, next: String
  ) throws -> Response {
    var response = try Response.seeOther(LocalPath.accept(next) ?? "/")
    let configuration = visit.shared.configuration
    try response.add(configuration.cookie("sess", token.text, sameSite: .lax))
    try response.add(configuration.cookie("pre", "", sameSite: .strict, maxAge: 0))
    try response.add(
      configuration.cookie("known", browser.text, sameSite: .strict, maxAge: 180 * 86_400))
    return response
  }

  private static func signOut(_ visit: Visit) throws -> Response {
    _ = try visit.services.database.call(try visit.session().close)
    var response = try Response.seeOther(Links.said("/sign-in", .signedOut))
    try response.add(visit.shared.configuration.cookie("sess", "", sameSite: .lax, maxAge: 0))
    if let clear = HTTPField.Name("Clear-Site-Data") {
      // Not all cookies: that somebody signed in from this browser is kept.
      try response.add(clear, "\"cache\", \"storage\"")
    }
    return response
  }

  /// The form token before sign-in hangs on a cookie of its own, made with the form.
  private static func preSession(_ visit: Visit) throws -> Token? {
    try visit.request.cookie(visit.shared.configuration.cookieName("pre")).flatMap { Token($0) }
  }

  private static func page(
    _ visit: Visit, _ form: SignInForm, notice: Notice? = nil, isRefused: Bool = false,
    isBusy: Bool = false, retrySeconds: Int? = nil, status: HTTPResponse.Status = .ok
  ) throws -> Response {
    let known = try preSession(visit)
    let cookie = known ?? Token.random()
    let page = SignInPage(
      frame: PlainFrame(visit.shared, language: visit.preferredLanguage),
      token: FormToken(of: cookie).masked(), form: form, notice: notice, isRefused: isRefused,
      isBusy: isBusy, retrySeconds: retrySeconds)
    var response = try visit.plainPage(page, status: status)
    if known == nil {
      try response.add(
        visit.shared.configuration.cookie("pre", cookie.text, sameSite: .strict, maxAge: 1_800))
    }
    return response
  }
}

/// What was typed.
struct SignInForm: Sendable {
  var email = Field<EmailAddress, L>()
  var password = Field<String, L>()
  var next = ""

  init() {}

  init(_ posted: PostedForm) throws {
    email = try posted.field(
      "email", orElse: L("Type the e-mail address you sign in with."), read: EmailAddress.init)
    let typed = try posted.value("password") ?? ""
    password = Field(
      value: typed.isEmpty ? nil : typed, error: typed.isEmpty ? L("Type your password.") : nil)
    next = try posted.value("next").flatMap(LocalPath.accept) ?? ""
  }
}

struct SignInPage: Page {
  let frame: PlainFrame
  let token: String
  let form: SignInForm
  let notice: Notice?
  let isRefused: Bool
  let isBusy: Bool
  let retrySeconds: Int?

  private var errors: FormErrors {
    FormErrors([("email", form.email.error), ("password", form.password.error)])
  }

  private var retryAfter: L? {
    retrySeconds.map { seconds in
      seconds < 60
        ? L.plural(seconds, "\(seconds) second", "\(seconds) seconds")
        : L.plural(
          (seconds + 59) / 60, "\((seconds + 59) / 60) minute", "\((seconds + 59) / 60) minutes")
    }
  }

  static let template = "accounts/sign_in"
  static let keys = Keys<SignInPage>().include(\.frame)
    .text("token", \.token).text("once") { _ in "-" }
    .text("email", \.form.email.typed).text("email_error", \.form.email.error)
    .text("password_error", \.form.password.error).text("next", \.form.next)
    .text("notice") { $0.notice?.words }.text("notice_tone") { ($0.notice?.tone ?? .fine).rawValue }
    .flag("refused", \.isRefused).flag("busy", \.isBusy)
    .flag("throttled") { $0.retrySeconds != nil }.text("retry_after") { $0.retryAfter }
    .flag("has_errors") { !$0.errors.problems.isEmpty }.list("errors") { $0.errors.problems }
}
