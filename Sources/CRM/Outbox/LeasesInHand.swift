import Synchronization

/// Something a worker holds for a while: a delivery, a job.
package protocol Lease: Sendable, Equatable {}

/// What the threads of one worker process have in hand. Only this is renewed, so that what a thread lost
/// sight of is free again when its lease ends.
package final class LeasesInHand<Held: Lease>: Sendable {
  private let held = Mutex<[Held]>([])

  package init() {}

  package var all: [Held] { held.withLock { $0 } }

  func take(_ lease: Held) { held.withLock { $0.append(lease) } }

  func letGo(_ lease: Held) { held.withLock { held in held.removeAll { $0 == lease } } }
}
