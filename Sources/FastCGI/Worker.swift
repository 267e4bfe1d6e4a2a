import HTTP
import HTTPTypes
import Logging
import Spool
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
  let carriers: Carriers
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
      }
    }
  }

  /// Ends what the caller began, or leaves that to a carrier.
  private func serve(_ connection: Connection, _ state: inout State, _ head: inout [UInt8]) {
    guard connection.readRequest(), let (response, withoutBody) = answer(connection, &state) else {
      peers.forget(connection)
      return activity.end()
    }
    head.removeAll(keepingCapacity: true)
    response.appendHead(to: &head)
    connection.write(head[...])
    let body = withoutBody || !response.mayHaveBody ? Bytes() : response.body
    let token = connection.token
    if body.count >= carriers.bytesMin,
      carriers.carry(body, to: connection, then: { settle(Connection(token: token)) })
    {
      return
    }
    connection.write(body)
    settle(connection)
  }

  /// Nil when nobody is left to answer.
  private func answer(
    _ connection: Connection, _ state: inout State
  ) -> (Response, withoutBody: Bool)? {
    switch reader.read(from: connection) {
    case .request(let request):
      (application.answer(request, &state), request.method == .head)
    case .refused(let refused):
      (application.refuse(refused, &state), refused.method == "HEAD")
    case .broken: nil
    }
  }

  /// The answer is sent.
  private func settle(_ connection: Connection) {
    connection.finish()
    peers.keep(connection)
    activity.end()
  }
}
