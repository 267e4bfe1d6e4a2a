import CRM
import Postgres
import Secrets
import Synchronization

/// The one connection of the role that checks passwords, and the few places of those who wait for a hash, each
/// of whom keeps a worker.
///
/// An attempt is counted in the database before it gets a place, so that whoever is refused for want of
/// one is throttled like anybody else. An address has one place and strangers have two in all; a browser
/// from which its person signed in before has places that strangers cannot take.
package final class SignInDoor: Sendable {
  private let database: Mutex<Database>
  private let taken = Mutex<(strangers: Set<String>, known: Set<[UInt8]>)>(([], []))

  /// Both together fewer than the responder has workers.
  private static let strangersMax = 2
  private static let knownMax = 2

  private let hashWait: Duration

  /// Who has a place waits for a hash as long as `hashWait`.
  package init(_ database: sending Database, hashWait: Duration = .seconds(2)) {
    self.database = Mutex(database)
    self.hashWait = hashWait
  }

  /// Opens a session. Throws what ``SignIn`` refuses, or `PasswordHash.Failure.busy` where no place is free.
  func open(_ attempt: SignIn) throws -> Token {
    let counted = try database.withLock { database in try attempt.count(on: database) }
    let isKnown = counted.isKnownBrowser
    guard takePlace(attempt, isKnown) else { throw PasswordHash.Failure.busy }
    defer { leavePlace(attempt, isKnown) }
    let passed = try attempt.check(counted, waitingAtMost: hashWait)
    return try database.withLock { database in try attempt.open(passed, on: database) }
  }

  func takePlace(_ attempt: SignIn, _ isKnown: Bool) -> Bool {
    taken.withLock { taken in
      if isKnown {
        return taken.known.count < Self.knownMax
          && taken.known.insert(attempt.browser.digest).inserted
      }
      return taken.strangers.count < Self.strangersMax
        && taken.strangers.insert(attempt.address).inserted
    }
  }

  func leavePlace(_ attempt: SignIn, _ isKnown: Bool) {
    taken.withLock { taken in
      if isKnown {
        taken.known.remove(attempt.browser.digest)
      } else {
        taken.strangers.remove(attempt.address)
      }
    }
  }
}
