import Glibc

/// A thread with a stack of known size, running one closure.
struct WorkerThread: Sendable {
  private let thread: pthread_t

  private final class Start: Sendable {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  init(stackBytes: Int, _ body: @escaping @Sendable () -> Void) throws {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackBytes)

    let start = Unmanaged.passRetained(Start(body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { preconditionFailure("A thread is started with its closure.") }
        Signals.blockAll()
        Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    guard result == 0 else {
      start.release()
      throw SystemFailure("start a thread", code: result)
    }
    self.thread = thread
  }

  func join() { pthread_join(thread, nil) }

  /// Nobody waits for its end.
  func detach() { pthread_detach(thread) }
}
