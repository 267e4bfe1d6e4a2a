import CShims
import Glibc

/// What the workers wait for together, on one epoll instance.
struct EventQueue: Sendable {
  enum Event {
    case newPeers
    case stop
    case readable(Connection)
  }

  private let epoll: Int32
  private let stopSignal: Int32

  private static let listenerToken: UInt64 = 0
  private static let stopToken: UInt64 = 1
  private static let oneShot = EPOLLIN.rawValue | EPOLLONESHOT.rawValue

  init() throws {
    epoll = try check(epoll_create1(Int32(EPOLL_CLOEXEC)), "epoll_create1")
    stopSignal = try check(
      eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "eventfd")
    try control(EPOLL_CTL_ADD, stopSignal, EPOLLIN.rawValue, Self.stopToken)
  }

  /// Reports new peers once, to one worker.
  func add(listener: Int32) throws {
    try control(EPOLL_CTL_ADD, listener, Self.oneShot, Self.listenerToken)
  }

  func watchAgain(listener: Int32) throws {
    try control(EPOLL_CTL_MOD, listener, Self.oneShot, Self.listenerToken)
  }

  func remove(listener: Int32) throws {
    try control(EPOLL_CTL_DEL, listener, 0, Self.listenerToken)
  }

  /// Reports the connection once it has bytes, once, to one worker.
  func add(_ connection: Connection) throws {
    try control(EPOLL_CTL_ADD, connection.descriptor, Self.oneShot, connection.token)
  }

  /// As ``add(_:)``, after an event. Another worker may have it before this returns.
  func watchAgain(_ connection: Connection) throws {
    try control(EPOLL_CTL_MOD, connection.descriptor, Self.oneShot, connection.token)
  }

  /// From now on every worker gets `.stop`, again and again.
  func signalStop() {
    var one: UInt64 = 1
    write(stopSignal, &one, MemoryLayout<UInt64>.size)
  }

  /// Blocks until something happens.
  func next() -> Event {
    var event = epoll_event()
    while wait(&event, count: 1, timeoutMilliseconds: -1) < 1 {}
    return Self.meaning(of: event)
  }

  /// What is ready now besides the stop signal, which stays ready for the workers still to come.
  func nextReady() -> Event? {
    var events = [epoll_event(), epoll_event()]
    let count = wait(&events, count: 2, timeoutMilliseconds: 0)
    return events.prefix(count).first { $0.data.u64 != Self.stopToken }.map(Self.meaning)
  }

  private func wait(
    _ events: UnsafeMutablePointer<epoll_event>, count: Int32, timeoutMilliseconds: Int32
  ) -> Int {
    let ready = epoll_wait(epoll, events, count, timeoutMilliseconds)
    precondition(ready >= 0 || errno == EINTR, "Waiting on an epoll instance of ours cannot fail.")
    return max(0, Int(ready))
  }

  func close() {
    Glibc.close(epoll)
    Glibc.close(stopSignal)
  }

  private static func meaning(of event: epoll_event) -> Event {
    switch event.data.u64 {
    case listenerToken: .newPeers
    case stopToken: .stop
    case let token: .readable(Connection(token: token))
    }
  }

  private func control(
    _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ token: UInt64
  ) throws {
    var event = epoll_event(events: events, data: epoll_data_t(u64: token))
    try check(epoll_ctl(epoll, operation, descriptor, &event), "epoll_ctl")
  }
}
