import Glibc
import Postgres
import Secrets

/// An attempt to sign in with a password.
///
/// Runs under a database role of its own (`closerflow_sign_in`): the role that serves pages can
/// neither read a password hash nor make a session.
package struct SignIn: Sendable {
  package let email: EmailAddress
  package let password: String
  /// The visitor's address as nginx saw it, or its IPv6 network.
  package let address: String
  package let userAgent: String
  /// What the browser has kept since somebody signed in from it, or what it is to keep.
  package let browser: Token

  package init(
    email: EmailAddress, password: String, address: String, userAgent: String, browser: Token
  ) {
    self.email = email
    self.password = password
    self.address = Self.network(of: address)
    self.userAgent = userAgent
    self.browser = browser
  }

  /// An IPv6 visitor owns a /64 and can try from each of its addresses: they count as one.
  static func network(of address: String) -> String {
    var bytes = in6_addr()
    guard inet_pton(AF_INET6, address, &bytes) == 1 else { return address }
    return withUnsafeBytes(of: bytes) { "\(Hex.encode(Array($0.prefix(8))))::/64" }
  }

  package enum Refusal: Error {
    /// Unknown, disabled and wrong password are one answer, after the same work.
    case wrong
    case tooMany(retrySeconds: Int)
  }

  /// What is known of it before the password is looked at.
  package struct Attempt: Sendable {
    fileprivate let user: ID<User>?
    fileprivate let passwordHash: String?
    /// This person signed in from this browser before.
    package let isKnownBrowser: Bool
  }

  /// A password that was found right.
  package struct Passed: Sendable {
    fileprivate let user: ID<User>
    fileprivate let renewedHash: String?
  }

  /// Counts the attempt; one round trip. Throws `Refusal.tooMany`.
  package func count(on database: Database) throws -> Attempt {
    let (waitSeconds, attempt) = try database.call(attempt)
    guard waitSeconds == 0 else { throw Refusal.tooMany(retrySeconds: waitSeconds) }
    return attempt
  }

  /// Looks at the password. Throws `Refusal.wrong`, or `PasswordHash.Failure.busy` when too many hashes are
  /// being computed.
  package func check(
    _ attempt: Attempt, waitingAtMost wait: Duration = .seconds(2)
  ) throws -> Passed {
    let stored = attempt.passwordHash.flatMap(PasswordHash.init(phc:))
    let isRight = try (stored ?? .ofNobody).verify(password, waitingAtMost: wait)
    guard isRight, let user = attempt.user, let stored else { throw Refusal.wrong }
    return Passed(
      user: user, renewedHash: stored.needsRehash ? try PasswordHash.make(of: password).phc : nil)
  }

  /// Opens a session and returns its token; one round trip.
  package func open(_ passed: Passed, on database: Database) throws -> Token {
    let token = Token.random()
    _ = try database.call(openSession(of: passed, token: token))
    return token
  }

  private var attempt: Query<(Int, Attempt)> {
    Query(
      "SignIn.attempt",
      """
      select wait_seconds, user_id, password_hash, is_known
      from app.sign_in_attempt(\(email), \(address), \(browser.digest))
      """,
      only: { row in
        let waitSeconds = try row.next(Int.self)
        return (
          waitSeconds,
          try Attempt(
            user: row.next(optional: ID<User>.self), passwordHash: row.next(optional: String.self),
            isKnownBrowser: row.next())
        )
      })
  }

  private func openSession(of passed: Passed, token: Token) -> Query<Void> {
    Query(
      "SignIn.openSession",
      """
      select app.open_session(\(passed.user), \(token.digest), \(email), \(address), \(userAgent),
                              \(ID<AuditRow>()), \(passed.renewedHash), \(browser.digest))
      """)
  }
}
