import CShims
import Glibc
import Synchronization

/// Lets the starting thread wait until every worker has made its state, or failed to.
final class StartGate: Sendable {
  private let counter: Int32
  private let failure = Mutex<(any Error)?>(nil)

  init() throws {
    counter = try check(
      eventfd(0, Int32(EFD_CLOEXEC | EFD_SEMAPHORE)), "eventfd")
  }

  func report(_ error: (any Error)?) {
    if let error { failure.withLock { $0 = $0 ?? error } }
    var one: UInt64 = 1
    write(counter, &one, MemoryLayout<UInt64>.size)
  }

  /// Throws the first failure once `count` workers have reported.
  func wait(for count: Int) throws {
    for _ in 0..<count {
      var one: UInt64 = 0
      while read(counter, &one, MemoryLayout<UInt64>.size) < 0 && errno == EINTR {}
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  func close() { Glibc.close(counter) }
}
