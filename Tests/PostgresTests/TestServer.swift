import Glibc
import Postgres
import Synchronization
import Testing

/// The server the tests run against, from `TEST_DATABASE_URL`: a database that is bootstrapped and
/// migrated, open to our login roles and to `postgres` without a password.
enum TestServer {
  static var url: String {
    get throws {
      guard let url = getenv("TEST_DATABASE_URL") else {
        throw Missing(description: "TEST_DATABASE_URL is not set; deploy/test sets it")
      }
      return String(cString: url)
    }
  }

  static func database(
    user: String = "closerflow_web", limits: Connection.Limits = .init(), settings: String? = nil
  ) throws -> Database {
    Database(try url(settings: settings), user: user, limits: limits)
  }

  /// `settings` such as `statement_timeout=200`, for the connection's whole life.
  static func url(settings: String?) throws -> String {
    guard let settings else { return try url }
    let value = settings.split(separator: "=").joined(separator: "%3D")
    let separator = try url.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
    return try "\(url)\(separator)options=-c%20\(value)"
  }

  /// The same server's database `name`.
  static func url(database name: String) throws -> String {
    let url = try Array(url.utf8)
    guard let scheme = url.indices.first(where: { url[$0...].starts(with: "://".utf8) }),
      let slash = url[(scheme + 3)...].firstIndex(of: UInt8(ascii: "/"))
    else { throw Missing(description: "TEST_DATABASE_URL is not like postgresql:///name?host=…") }
    let rest = url[slash...].firstIndex(of: UInt8(ascii: "?")) ?? url.endIndex
    return String(decoding: url[...slash] + Array(name.utf8) + url[rest...], as: UTF8.self)
  }

  struct Missing: Error, CustomStringConvertible { let description: String }
}

/// A database of a test's own, dropped with it.
final class ScratchDatabase {
  let url: String
  private let name: String

  /// `isBootstrapped` runs deploy/postgres/bootstrap.sql in it.
  init(isBootstrapped: Bool = false) throws {
    name = "scratch_\(getpid())_\(UInt32.random(in: 0 ... .max))"
    url = try TestServer.url(database: name)
    try TestServer.database(user: "postgres").script("create database \(name)")
    if isBootstrapped { try bootstrap() }
  }

  deinit {
    do {
      try TestServer.database(user: "postgres").script("drop database \(name) with (force)")
    } catch {
      Issue.record("\(name) was not dropped: \(error)")
    }
  }

  func database(user: String = "postgres", limits: Connection.Limits = .init()) -> Database {
    Database(url, user: user, limits: limits)
  }

  /// Roles belong to the whole cluster, so one at a time.
  private func bootstrap() throws {
    let text = try Repository.text(of: "deploy/postgres/bootstrap.sql")
      .split(separator: "\n").filter { !$0.hasPrefix("\\") }.joined(separator: "\n")
    let queue = try TestServer.database(user: "postgres")
    _ = try queue.call(Query<Void>("lock", "select pg_advisory_lock(7001)"))
    try database().script(text)
  }
}

/// This checkout.
enum Repository {
  static let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/")

  static func text(of path: String) throws -> String {
    guard let file = fopen("\(root)/\(path)", "r") else {
      throw TestServer.Missing(description: "no \(root)/\(path)")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var byte = fgetc(file)
    while byte != EOF {
      bytes.append(UInt8(truncatingIfNeeded: byte))
      byte = fgetc(file)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Enters no tenant.
struct Nobody: Entry {
  var enter: Query<Void> { Query("Nobody.enter", "select 1") }
}

extension Database {
  func value<T: SQLReadable & Sendable>(_ sql: SQL, as type: T.Type = T.self) throws -> T {
    try call(Query("value", sql, only: { try $0.next(T.self) }))
  }

  var backend: Int { get throws { try value("select pg_backend_pid()") } }
}

/// Ends a backend and waits until it is gone.
func terminate(_ backend: Int) throws {
  let admin = try TestServer.database(user: "postgres")
  #expect(try admin.value("select pg_terminate_backend(\(backend)::int, 5000)", as: Bool.self))
}

/// Runs `body` on `count` threads at once and returns what each returned, in no order.
func concurrently<T: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> T) -> [T] {
  let results = Results<T>()
  let threads = (0..<count).map { number in
    let work = Work { results.add(body(number)) }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
        return nil
      }, Unmanaged.passRetained(work).toOpaque())
    precondition(code == 0, "no thread")
    return thread
  }
  for thread in threads { pthread_join(thread, nil) }
  return results.all
}

private final class Work: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private final class Results<T: Sendable>: Sendable {
  private let values = Mutex<[T]>([])
  var all: [T] { values.withLock { $0 } }
  func add(_ value: T) { values.withLock { $0.append(value) } }
}
