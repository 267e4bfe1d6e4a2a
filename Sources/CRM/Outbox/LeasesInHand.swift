import Synchronization

/// The deliveries that the threads of one worker process have in hand. Only these are renewed, so that
/// one a thread lost sight of is free again when its lease ends.
package final class LeasesInHand: Sendable {
  private let held = Mutex<[LeasedDelivery]>([])

  package init() {}

  package var all: [LeasedDelivery] { held.withLock { $0 } }

  func take(_ lease: LeasedDelivery) { held.withLock { $0.append(lease) } }

  func letGo(_ lease: LeasedDelivery) {
    held.withLock { held in held.removeAll { $0.id == lease.id && $0.token == lease.token } }
  }
}
