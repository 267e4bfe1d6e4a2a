import Glibc

/// SIGTERM and SIGINT, received by one thread on purpose instead of by any thread at any moment.
package enum Signals {
  /// Call first in `main`, before any thread starts: threads inherit the mask, and a signal that
  /// one of them leaves open would end the process with requests in flight.
  package static func blockTermination() {
    var signals = termination()
    let result = pthread_sigmask(SIG_BLOCK, &signals, nil)
    precondition(result == 0, "Blocking a valid signal set cannot fail.")
  }

  /// Waits until someone asks the process to end; gives the signal's number.
  package static func waitForTermination() -> Int32 {
    blockTermination()
    var signals = termination()
    var received: Int32 = 0
    while sigwait(&signals, &received) != 0 {}
    return received
  }

  /// For threads of ours: every signal is another thread's business.
  static func blockAll() {
    var signals = sigset_t()
    sigfillset(&signals)
    pthread_sigmask(SIG_SETMASK, &signals, nil)
  }

  private static func termination() -> sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    return signals
  }
}
