import Glibc
import HTTP
import HTTPTypes
import Logging
import Spool
import Synchronization

@testable import FastCGI

/// A worker's own state; not Sendable, like a database connection.
final class WorkerState {
  var answered = 0
}

/// A listening responder with a few pages that show what arrived.
struct Site {
  let path: String
  let responder: Responder

  static func temporaryDirectory() -> String {
    "/tmp/closerflow-fastcgi-\(getpid())-\(UInt32.random(in: .min ... .max))"
  }

  init(
    at path: String = temporaryDirectory() + "/web.sock", name: String = "site",
    change: (inout ListenerSettings) -> Void = { _ in }
  ) throws {
    var settings = ListenerSettings(socketPath: path)
    settings.workers = 4
    settings.timeoutMilliseconds = 2_000
    settings.quietMilliseconds = 50
    change(&settings)
    self.path = path
    responder = try Responder(settings, logger: Logger(label: "test"), Self.application(name))
  }

  /// Runs the test and stops the responder, also when the test throws.
  static func with(
    change: (inout ListenerSettings) -> Void = { _ in }, _ body: (Site) throws -> Void
  ) throws {
    let site = try Site(change: change)
    defer { site.stop() }
    try body(site)
  }

  func stop() {
    responder.stop()
    unlink(path + ".lock")
    rmdir(String(path.dropLast("/web.sock".utf8.count)))
  }

  private static func application(_ name: String) -> Application<WorkerState> {
    Application(
      makeState: { WorkerState() },
      answer: { request, state in
        state.answered += 1
        return page(request, name, state)
      },
      refuse: { refused, _ in
        .text("refused \(refused.target): \(refused.error.reason)", status: refused.error.status)
      })
  }

  private static func page(
    _ request: Request, _ name: String, _ state: WorkerState
  ) -> Response {
    switch request.path.segments.first {
    case "slow":
      usleep(300_000)
      return .text("slow")
    case "large":
      return Response(status: .ok, body: Bytes([UInt8](repeating: 0x61, count: 300_000)))
    case "none": return Response(status: .noContent)
    case "answered": return .text(String(state.answered))
    case "name": return .text(name)
    case "echo": return Response(status: .ok, body: request.body)
    default:
      let lines = [
        request.method.rawValue, request.path.raw, request.remoteAddress, request.host,
        request.isSecure ? "https" : "http", String(request.body.count),
        request.header(.cookie) ?? "-", request.header(.secFetchSite) ?? "-",
        request.header(.contentType) ?? "-",
      ]
      return .text(lines.joined(separator: "|"))
    }
  }
}

/// Waits for what another thread does, however busy the machine is; false after half a minute.
func becomesTrue(_ condition: () -> Bool) -> Bool {
  for _ in 0..<3_000 where !condition() { usleep(10_000) }
  return condition()
}

/// Runs blocking work beside the test, on a thread of its own.
final class Beside<Value: Sendable>: Sendable {
  private let thread: WorkerThread
  private let box = Box()

  final class Box: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
  }

  init(_ body: @escaping @Sendable () throws -> Value) throws {
    let box = box
    thread = try WorkerThread(stackBytes: 1 << 20) {
      let result = Result(catching: body)
      box.value.withLock { $0 = result }
    }
  }

  func get() throws -> Value {
    thread.join()
    guard let result = box.value.withLock({ $0 }) else {
      preconditionFailure("A thread that ended has left its result.")
    }
    return try result.get()
  }
}
