import CShims
import Glibc
import HTTP
import Logging
import Synchronization

/// What a site does with requests, on worker threads.
package struct Application<State>: Sendable {
  /// Makes a worker's own state (a database connection, buffers) on its thread, where it stays.
  let makeState: @Sendable () throws -> State
  let answer: @Sendable (Request, inout State) -> Response
  let refuse: @Sendable (RefusedRequest, inout State) -> Response

  /// `refuse` answers what could not be read as a request: 400, 413, 414, 431.
  package init(
    makeState: @escaping @Sendable () throws -> State,
    answer: @escaping @Sendable (Request, inout State) -> Response,
    refuse: @escaping @Sendable (RefusedRequest, inout State) -> Response
  ) {
    self.makeState = makeState
    self.answer = answer
    self.refuse = refuse
  }
}

/// A FastCGI responder: one socket, one queue of events, a fixed number of blocking workers.
///
/// Any free worker takes any connection that has a request, so idle keep-alive connections hold
/// nobody, and when all workers are busy the requests wait in the queue.
package final class Responder: Sendable {
  private let settings: ListenerSettings
  let peers: Peers
  let activity = Activity()
  private let carriers: Carriers
  private let threads: [WorkerThread]
  private let isStopped = Atomic(false)

  /// Listens and answers from here on. An older process on the same path loses it only after every
  /// worker has its state. Throws what `makeState` threw, or why the socket cannot be had.
  package init<State>(
    _ settings: ListenerSettings, logger: Logger, _ application: Application<State>
  ) throws {
    precondition(settings.workers > 0, "A responder without workers answers nothing.")
    try Library.initialise()
    let socket = try UnixSocket(path: settings.socketPath)
    let peers = Peers(socket, queue: try EventQueue(), settings: settings, logger: logger)
    carriers = Carriers(settings: settings)
    let worker = Worker(
      peers: peers, activity: activity, carriers: carriers,
      reader: RequestReader(settings: settings), application: application)
    self.settings = settings
    self.peers = peers
    threads = try Self.start(settings, worker)
    do {
      try peers.welcome()
    } catch {
      Self.end(threads, peers)
      throw error
    }
  }

  private static func start<State>(
    _ settings: ListenerSettings, _ worker: Worker<State>
  ) throws -> [WorkerThread] {
    let gate = try StartGate()
    defer { gate.close() }
    var threads: [WorkerThread] = []
    do {
      for _ in 0..<settings.workers {
        threads.append(
          try WorkerThread(stackBytes: settings.stackBytes) {
            do {
              var state = try worker.application.makeState()
              gate.report(nil)
              worker.run(&state)
            } catch {
              gate.report(error)
            }
          })
      }
      try gate.wait(for: threads.count)
      return threads
    } catch {
      end(threads, worker.peers)
      throw error
    }
  }

  /// Ends without losing a request: no new connections, those that wait are accepted, what nginx
  /// sends on the open ones is answered until ``ListenerSettings/quietMilliseconds`` of silence,
  /// requests in flight are finished. Blocks as long as that takes. Who is still reading a long answer
  /// then is cut off.
  package func stop() {
    guard !isStopped.exchange(true, ordering: .sequentiallyConsistent) else { return }
    peers.refuseNewConnections()
    waitUntilQuiet()
    carriers.stop()
    Self.end(threads, peers)
  }

  /// nginx may be writing a request to a connection at the moment when it is closed, and repeats
  /// only those that are safe to repeat. One that has been idle for a while is not one that
  /// nginx is about to use: it takes the one used last.
  private func waitUntilQuiet() {
    let stepMilliseconds = 10
    var quiet = 0
    var waited = 0
    var before = activity.now.begun
    while quiet < settings.quietMilliseconds, waited < settings.drainMillisecondsMax,
      !peers.isEmpty
    {
      usleep(UInt32(stepMilliseconds * 1000))
      let now = activity.now
      quiet = now.running == 0 && now.begun == before ? quiet + stepMilliseconds : 0
      before = now.begun
      waited += stepMilliseconds
    }
  }

  private static func end(_ threads: [WorkerThread], _ peers: Peers) {
    peers.queue.signalStop()
    for thread in threads { thread.join() }
    peers.closeAll()
  }
}
