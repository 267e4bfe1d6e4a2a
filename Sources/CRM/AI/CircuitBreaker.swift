import Synchronization

/// Leaves an endpoint alone that has failed several times in a row; after a while one request may
/// look whether it is back.
final class CircuitBreaker: Sendable {
  private struct State {
    var failuresInRow = 0
    var openUntil: ContinuousClock.Instant?
  }

  private let state = Mutex(State())
  private let failuresMax: Int
  private let pause: Duration

  init(failuresMax: Int = 5, pause: Duration = .seconds(60)) {
    self.failuresMax = failuresMax
    self.pause = pause
  }

  /// Asks for one request. The first one after the pause is let through alone.
  func letsThrough(at now: ContinuousClock.Instant) -> Bool {
    state.withLock { state in
      guard let openUntil = state.openUntil else { return true }
      guard now >= openUntil else { return false }
      state.openUntil = now + pause
      return true
    }
  }

  func succeeded() { state.withLock { $0 = State() } }

  func failed(at now: ContinuousClock.Instant) {
    state.withLock { state in
      state.failuresInRow += 1
      if state.failuresInRow >= failuresMax { state.openUntil = now + pause }
    }
  }

  func isOpen(at now: ContinuousClock.Instant) -> Bool {
    state.withLock { $0.openUntil.map { now < $0 } ?? false }
  }
}
