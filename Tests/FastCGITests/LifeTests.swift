import Glibc
import HTTP
import Logging
import Synchronization
import Testing

@testable import FastCGI

private func mode(_ path: String) -> UInt32? {
  var status = stat()
  return lstat(path, &status) == 0 ? status.st_mode & 0o777 : nil
}

@Suite struct `A responder's socket` {
  @Test func `lets in the group and nobody else`() throws {
    try Site.with { site in
      #expect(mode(site.path) == 0o660)
      #expect(mode(String(site.path.dropLast(9))) == 0o750)
    }
  }

  @Test(arguments: [0o755, 0o777, 0o770, 0o751] as [mode_t])
  func `is not put where others could reach it`(directoryMode: mode_t) throws {
    let directory = Site.temporaryDirectory()
    mkdir(directory, 0o700)
    chmod(directory, directoryMode)
    defer { rmdir(directory) }

    #expect(throws: UnsafeDirectory.self) { try Site(at: directory + "/web.sock") }
  }

  @Test func `has a path that the system can hold`() {
    let long = Site.temporaryDirectory() + "/" + String(repeating: "x", count: 120)

    #expect(throws: SystemFailure.self) { try Site(at: long) }
    rmdir(String(long.dropLast(121)))
  }

  @Test func `replaces one that a killed process left behind`() throws {
    let directory = Site.temporaryDirectory()
    mkdir(directory, 0o750)
    let abandoned = try UnixSocket(path: directory + "/web.sock")
    try abandoned.takeOverPath()
    Glibc.close(abandoned.descriptor)

    let site = try Site(at: directory + "/web.sock")
    defer { site.stop() }

    #expect(try Peer(site.path).get("/").status == 200)
  }

  @Test func `is gone after a stop`() throws {
    let site = try Site()

    site.stop()

    #expect(mode(site.path) == nil)
    #expect(throws: Peer.Failure.self) { try Peer(site.path) }
  }
}

@Suite struct `Starting and stopping` {
  @Test func `a worker's failure to start is the responder's, and the path stays the old one's`()
    throws
  {
    let old = try Site(name: "old")
    defer { old.stop() }

    #expect(throws: NoDatabase.self) { try startWithThirdWorkerFailing(at: old.path) }
    let answer = try Peer(old.path).get("/name")

    #expect(answer.text == "old")
  }

  private struct NoDatabase: Error {}

  private func startWithThirdWorkerFailing(at path: String) throws {
    let made = Atomic(0)
    var settings = ListenerSettings(socketPath: path)
    settings.workers = 4
    let application = Application<Int>(
      makeState: {
        guard made.add(1, ordering: .relaxed).newValue != 3 else { throw NoDatabase() }
        return 0
      },
      answer: { _, _ in .text("new") }, refuse: { _, _ in .text("new") })
    _ = try Responder(settings, logger: Logger(label: "test"), application)
  }

  @Test func `a stop finishes the requests in flight`() throws {
    let site = try Site()
    let slow = try (0..<3).map { _ in try Peer(site.path) }
    for peer in slow { try peer.send(Record.Request(target: "/slow").bytes) }
    #expect(becomesTrue { site.responder.activity.now.begun == 3 })

    site.stop()

    let answers = try slow.map { try $0.receive().text }
    #expect(answers == ["slow", "slow", "slow"])
  }

  @Test func `a stop answers those that wait behind busy workers and in the backlog`() throws {
    let site = try Site(change: { settings in
      settings.workers = 1
      settings.connectionsMax = 2
    })
    let waiting = try (0..<4).map { _ in try Peer(site.path) }
    for peer in waiting { try peer.send(Record.Request(target: "/slow").bytes) }
    #expect(becomesTrue { site.responder.activity.now.begun > 0 })

    site.stop()

    let answers = try waiting.map { try $0.receive().text }
    #expect(answers == ["slow", "slow", "slow", "slow"])
  }

  @Test func `a stop closes idle connections and is over soon`() throws {
    let site = try Site(change: { $0.drainMillisecondsMax = 60_000 })
    let idle = try Peer(site.path)
    _ = try idle.get("/")
    let start = ContinuousClock.now

    site.stop()

    #expect(idle.isClosed())
    #expect(ContinuousClock.now - start < .seconds(30))
  }

  @Test func `a stop waits for slow readers of long answers, but not for ever`() throws {
    let site = try Site(change: { settings in
      settings.carriedBytesMin = 200_000
      settings.drainMillisecondsMax = 300
    })
    let slow = try Peer(site.path)
    try slow.send(Record.Request(target: "/large").bytes)
    #expect(becomesTrue { site.responder.activity.now.begun == 1 })
    let start = ContinuousClock.now

    site.stop()

    #expect(ContinuousClock.now - start < .seconds(30))
    let isWhole = (try? slow.receive())?.ended == true
    #expect(!isWhole)
  }

  @Test func `a second stop does nothing`() throws {
    let site = try Site()

    site.stop()
    site.responder.stop()

    #expect(mode(site.path) == nil)
  }

  @Test func `a successor on the same path takes over without losing a request`() throws {
    let old = try Site(name: "old")
    let path = old.path
    let isOver = Flag()
    let byOld = Atomic(0)
    let byNew = Atomic(0)
    let clients = try (0..<3).map { _ in
      try Beside {
        while !isOver.isSet {
          switch try Peer(path).get("/name").text {
          case "old": byOld.add(1, ordering: .relaxed)
          case "new": byNew.add(1, ordering: .relaxed)
          case let other: throw Peer.Failure(reason: "answered \(other)")
          }
        }
      }
    }
    #expect(becomesTrue { byOld.load(ordering: .relaxed) > 100 })

    let new = try Site(at: path, name: "new")
    #expect(becomesTrue { byNew.load(ordering: .relaxed) > 100 })
    old.responder.stop()
    let atStop = byNew.load(ordering: .relaxed)
    #expect(becomesTrue { byNew.load(ordering: .relaxed) > atStop + 100 })
    isOver.set()

    for client in clients { try client.get() }
    #expect(mode(path) == 0o660)
    new.stop()
    #expect(mode(path) == nil)
  }

  @Test func `a kept connection is answered once more while stopping, then closed`() throws {
    let site = try Site(change: { settings in
      settings.quietMilliseconds = 60_000
      settings.drainMillisecondsMax = 60_000
    })
    let peer = try Peer(site.path)
    _ = try peer.get("/")
    let stopping = try Beside { site.responder.stop() }
    #expect(becomesTrue { site.responder.peers.isStopping })

    let answer = try peer.get("/").status

    #expect(answer == 200)
    #expect(peer.isClosed())
    try stopping.get()
    site.stop()
  }
}

@Suite struct `Waiting for the end` {
  @Test(arguments: [SIGTERM, SIGINT]) func `a request to terminate reaches who waits for it`(
    signal: Int32
  ) throws {
    let waiting = try Beside {
      // To this thread alone: the process that runs the tests shall live.
      pthread_kill(pthread_self(), signal)
      return Signals.waitForTermination()
    }

    #expect(try waiting.get() == signal)
  }
}

/// Something one thread says and others hear.
final class Flag: Sendable {
  private let value = Atomic(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}
