import Glibc
import Logging
import Synchronization

/// The socket and every connection accepted on it; all workers share one.
final class Peers: Sendable {
  let queue: EventQueue
  private let socket: UnixSocket
  private let settings: ListenerSettings
  private let logger: Logger

  /// By token. Touched when a connection comes and goes, not when it is used.
  private let open = Mutex<Set<UInt64>>([])
  /// The limit is reached: new peers wait in the backlog until a connection ends.
  private let isFull = Atomic(false)
  private let hasStopped = Atomic(false)

  init(_ socket: UnixSocket, queue: EventQueue, settings: ListenerSettings, logger: Logger) {
    self.socket = socket
    self.queue = queue
    self.settings = settings
    self.logger = logger
  }

  /// No peer is accepted any more, and none is kept.
  var isStopping: Bool { hasStopped.load(ordering: .sequentiallyConsistent) }

  var isEmpty: Bool { open.withLock(\.isEmpty) }

  /// Takes over the path and accepts from here on.
  func welcome() throws {
    try socket.takeOverPath()
    try queue.add(listener: socket.descriptor)
  }

  /// Accepts whoever waits, then lets the queue report the next ones.
  func acceptAll() {
    do {
      while true {
        guard open.withLock(\.count) < settings.connectionsMax else { return waitForRoom() }
        guard try acceptOne() else { break }
      }
    } catch {
      // Out of descriptors or memory: what is in use comes free, an eager retry helps nobody.
      logger.error("accept failed", metadata: ["error": "\(error)"])
      usleep(10_000)
    }
    watchListener()
  }

  /// Waits for the next request on a connection whose last one is answered.
  func keep(_ connection: Connection) {
    // While stopping, nginx is to open its next connection to the process that comes after.
    guard connection.isOpen, !isStopping else { return forget(connection) }
    do {
      try queue.watchAgain(connection)
    } catch {
      // Out of kernel memory. The answer is sent; nginx opens another connection.
      forget(connection)
    }
  }

  /// Ends a connection that nobody else can have.
  func forget(_ connection: Connection) {
    let token = connection.token
    open.withLock { _ = $0.remove(token) }
    connection.free()
    if isFull.exchange(false, ordering: .sequentiallyConsistent) { watchListener() }
  }

  /// No peer is turned away that had already connected; then the backlog is closed.
  func refuseNewConnections() {
    hasStopped.store(true, ordering: .sequentiallyConsistent)
    do {
      try queue.remove(listener: socket.descriptor)
      socket.refuseNewConnections()
      while try acceptOne() {}
    } catch {
      logger.error("connections were lost while stopping", metadata: ["error": "\(error)"])
    }
  }

  /// Only once no worker runs any more.
  func closeAll() {
    let tokens = open.withLock { open in
      defer { open = [] }
      return open
    }
    for token in tokens { Connection(token: token).free() }
    socket.close()
    queue.close()
  }

  private func acceptOne() throws -> Bool {
    guard let descriptor = try socket.accept() else { return false }
    guard
      let connection = Connection(
        descriptor: descriptor, timeoutMilliseconds: settings.timeoutMilliseconds)
    else { return true }
    let token = connection.token
    open.withLock { _ = $0.insert(token) }
    do {
      try queue.add(connection)
    } catch {
      forget(connection)
      throw error
    }
    return true
  }

  private func waitForRoom() {
    isFull.store(true, ordering: .sequentiallyConsistent)
    // One may have left between the count and the mark, and would not have seen the mark.
    if open.withLock(\.count) < settings.connectionsMax,
      isFull.exchange(false, ordering: .sequentiallyConsistent)
    {
      watchListener()
    }
  }

  private func watchListener() {
    guard !isStopping else { return }
    do {
      try queue.watchAgain(listener: socket.descriptor)
    } catch {
      // Stopping may have begun since the check; the listener is out of the queue then.
      guard !isStopping else { return }
      logger.critical("new connections are lost", metadata: ["error": "\(error)"])
    }
  }
}
