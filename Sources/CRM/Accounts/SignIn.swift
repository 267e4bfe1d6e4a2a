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

  package init(email: EmailAddress, password: String, address: String, userAgent: String) {
    self.email = email
    self.password = password
    self.address = Self.network(of: address)
    self.userAgent = userAgent
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

  /// Opens a session and returns its token. Two round trips with the password hash between them.
  ///
  /// Throws `Refusal`, or `PasswordHash.Failure.busy` when too many hashes are being computed.
  package func open(on database: Database) throws -> Token {
    let attempt = try database.call(attempt)
    guard attempt.waitSeconds == 0 else { throw Refusal.tooMany(retrySeconds: attempt.waitSeconds) }
    let stored = attempt.passwordHash.flatMap(PasswordHash.init(phc:))
    let isRight = try (stored ?? .ofNobody).verify(password)
    guard isRight, let user = attempt.user, let stored else { throw Refusal.wrong }

    let token = Token.random()
    let renewed = stored.needsRehash ? try PasswordHash.make(of: password).phc : nil
    _ = try database.call(openSession(of: user, token: token, renewed: renewed))
    return token
  }

  private struct Attempt {
    let waitSeconds: Int
    let user: ID<User>?
    let passwordHash: String?
  }

  private var attempt: Query<Attempt> {
    Query(
      "SignIn.attempt",
      "select wait_seconds, user_id, password_hash from app.sign_in_attempt(\(email), \(address))",
      only: { row in
        try Attempt(
          waitSeconds: row.next(), user: row.next(optional: ID<User>.self),
          passwordHash: row.next(optional: String.self))
      })
  }

  private func openSession(of user: ID<User>, token: Token, renewed: String?) -> Query<Void> {
    Query(
      "SignIn.openSession",
      """
      select app.open_session(\(user), \(token.digest), \(email), \(address), \(userAgent),
                              \(ID<AuditRow>()), \(renewed))
      """)
  }
}
