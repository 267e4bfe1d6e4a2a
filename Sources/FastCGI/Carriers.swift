import Glibc
import Spool
import Synchronization

/// Threads that bring long answers to readers as slow as they are, one each, so that no worker waits.
final class Carriers: Sendable {
  private let settings: ListenerSettings
  private let inHand = Mutex(InHand())

  private struct InHand {
    /// Those that a stop may cut off.
    var connections: Set<UInt64> = []
    var threads = 0
    var isCut = false
  }

  init(settings: ListenerSettings) { self.settings = settings }

  /// Shorter answers fit between the responder and nginx.
  var bytesMin: Int { settings.carriedBytesMin }

  /// Brings the body, then calls `settle`, on a thread of its own. False when there is none to be had;
  /// then nothing was done.
  func carry(
    _ body: Bytes, to connection: Connection, then settle: @escaping @Sendable () -> Void
  ) -> Bool {
    let token = connection.token
    let isTaken = inHand.withLock { hands in
      guard !hands.isCut, hands.threads < settings.carriersMax else { return false }
      hands.threads += 1
      hands.connections.insert(token)
      return true
    }
    guard isTaken else { return false }
    do {
      try WorkerThread(stackBytes: settings.stackBytes) { [self] in
        bring(body, to: Connection(token: token))
        letGo(of: token)
        settle()
        inHand.withLock { $0.threads -= 1 }
      }.detach()
      return true
    } catch {
      letGo(of: token)
      inHand.withLock { $0.threads -= 1 }
      return false
    }
  }

  private func letGo(of token: UInt64) {
    inHand.withLock { _ = $0.connections.remove(token) }
  }

  private func bring(_ body: Bytes, to connection: Connection) {
    _ = connection.setWriteTimeout(milliseconds: settings.carrierTimeoutMilliseconds)
    connection.write(body)
    _ = connection.setWriteTimeout(milliseconds: settings.timeoutMilliseconds)
  }

  /// Takes no more, and cuts off those who are still reading.
  func stop() {
    inHand.withLock { hands in
      hands.isCut = true
      for token in hands.connections { Connection(token: token).shutDown() }
    }
    while inHand.withLock({ $0.threads > 0 }) { usleep(10_000) }
  }
}
