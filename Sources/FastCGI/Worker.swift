import HTTP
import HTTPTypes
import Logging
import Synchronization

/// How much is going on, for a stop that waits until it is quiet.
final class Activity: Sendable {
  private let running = Atomic(0)
  private let begun = Atomic(0)

  /// Requests being answered, and how many have begun since the start.
  var now: (running: Int, begun: Int) {
    (running.load(ordering: .acquiring), begun.load(ordering: .acquiring))
  }

  func begin() {
    begun.add(1, ordering: .acquiringAndReleasing)
    running.add(1, ordering: .acquiringAndReleasing)
  }

  func end() { running.subtract(1, ordering: .acquiringAndReleasing) }
}

/// One thread's work: wait for a connection with a request, read, answer, give it back.
struct Worker<State>: Sendable {
  let peers: Peers
  let activity: Activity
  let reader: RequestReader
  let application: Application<State>

  /// Returns after the stop signal, when nothing that came before it is left.
  func run(_ state: inout State) {
    var head: [UInt8] = []
    var isLeaving = false
    while true {
      guard let event = isLeaving ? peers.queue.nextReady() : peers.queue.next() else { return }
      switch event {
      case .newPeers: peers.acceptAll()
      case .stop: isLeaving = true
      case .readable(let connection):
        activity.begin()
        serve(connection, &state, &head)
        activity.end()
      }
    }
  }

  private func serve(_ connection: Connection, _ state: inout State, _ head: inout [UInt8]) {
    guard connection.readRequest(), answer(connection, &state, &head) else {
      return peers.forget(connection)
    }
    connection.finish()
    // While stopping, nginx is to open its next connection to the process that comes after.
    guard connection.isOpen, !peers.isStopping else { return peers.forget(connection) }
    do {
      try peers.queue.watchAgain(connection)
    } catch {
      // Out of kernel memory. The answer is sent; nginx opens another connection.
      peers.forget(connection)
    }
  }

  /// False when nobody is left to answer.
  private func answer(
    _ connection: Connection, _ state: inout State, _ head: inout [UInt8]
  ) -> Bool {
    switch reader.read(from: connection) {
    case .request(let request):
      let response = application.answer(request, &state)
      send(response, withoutBody: request.method == .head, to: connection, &head)
    case .refused(let refused):
      let response = application.refuse(refused, &state)
      send(response, withoutBody: refused.method == "HEAD", to: connection, &head)
    case .broken: return false
    }
    return true
  }

  private func send(
    _ response: Response, withoutBody: Bool, to connection: Connection, _ head: inout [UInt8]
  ) {
    head.removeAll(keepingCapacity: true)
    response.appendHead(to: &head)
    connection.write(head)
    if !withoutBody && response.mayHaveBody { connection.write(response.body) }
  }
}
