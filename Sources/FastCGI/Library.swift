import CFastCGI
import Glibc

/// libfcgi's process-wide state.
enum Library {
  /// Initialises libfcgi once; any later call gives the first result.
  static func initialise() throws {
    guard result == 0 else { throw SystemFailure("FCGX_Init", code: abs(result)) }
  }

  private static let result: Int32 = {
    // When the library closes a connection it waits for the peer to close too, 2 s unless told;
    // a peer that never does would hold a worker all that time.
    setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 0)
    let result = keepingSignalHandlers { FCGX_Init() }
    // A peer that went away is an error of one write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    return result
  }()

  /// FCGX_Init takes SIGTERM and SIGUSR1 for itself where they are unhandled, which would make a
  /// SIGTERM that reaches a thread of ours vanish. They stay as they were.
  private static func keepingSignalHandlers(_ body: () -> Int32) -> Int32 {
    let signals = [SIGTERM, SIGUSR1]
    var before = signals.map { _ in sigaction() }
    for (index, number) in signals.enumerated() { sigaction(number, nil, &before[index]) }
    defer {
      for (index, number) in signals.enumerated() { sigaction(number, &before[index], nil) }
    }
    return body()
  }
}
