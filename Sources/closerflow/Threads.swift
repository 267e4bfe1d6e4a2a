import FastCGI
import Glibc
import Synchronization

/// A thread that runs one closure; signals are the main thread's business.
struct CrewThread {
  private let thread: pthread_t

  private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  /// The signals that end a process must be blocked already: a thread inherits that.
  init(_ body: @escaping @Sendable () -> Void) throws {
    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { preconditionFailure("A thread is started with its closure.") }
        Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard result == 0 else {
      start.release()
      throw Failure(.internal, "no thread to be had: \(String(cString: strerror(result)))")
    }
    self.thread = thread
  }

  func join() { pthread_join(thread, nil) }
}

/// Set once, seen by every thread.
final class StopFlag: Sendable {
  private let value = Atomic(false)

  var isSet: Bool { value.load(ordering: .acquiring) }

  func set() { value.store(true, ordering: .releasing) }

  /// Waits that long, or until the flag is set.
  func wait(milliseconds: Int) {
    let step = 50
    var left = milliseconds
    while left > 0, !isSet {
      usleep(UInt32(min(left, step)) * 1_000)
      left -= step
    }
  }
}

/// Growing pauses between tries: from a quarter of a second, doubling, to 15 s.
struct Patience {
  private var milliseconds = 250

  mutating func next() -> Int {
    defer { milliseconds = min(milliseconds * 2, 15_000) }
    return jittered(milliseconds)
  }
}

/// Half to one and a half times as long, so that many workers do not act in step.
func jittered(_ milliseconds: Int) -> Int {
  Int.random(in: milliseconds / 2...milliseconds * 3 / 2)
}
