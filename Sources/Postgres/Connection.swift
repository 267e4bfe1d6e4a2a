import CLibPQ
import Glibc

/// One libpq connection, owned by one thread, spoken to in pipelines.
///
/// Every call to `pipeline` is one network round trip, statements being prepared on the way the
/// first time they are seen. The caller reopens a broken connection; nothing here retries.
package final class Connection {
  /// How long to wait, in milliseconds.
  package struct Limits: Sendable {
    /// All hosts of the URL together. Looking a host name up is not covered: libpq blocks there.
    package var connect = 1_500
    /// One round trip; longer than the role's `statement_timeout`, so the server answers first.
    package var answer = 8_000

    package init(connect: Int = 1_500, answer: Int = 8_000) {
      self.connect = connect
      self.answer = answer
    }
  }

  /// Where to connect, as whom, under which name in `pg_stat_activity`.
  package struct Target: Sendable {
    /// A `postgresql://` URL or `key=value` pairs; what it says wins over the other two.
    package let url: String
    package let user: String?
    package let applicationName: String?

    package init(_ url: String, user: String? = nil, applicationName: String? = nil) {
      self.url = url
      self.user = user
      self.applicationName = applicationName
    }
  }

  /// What the connection did since it was last asked.
  package struct Tally: Sendable {
    package var roundTrips = 0
    package var microseconds = 0

    static func += (sum: inout Tally, more: Tally) {
      sum.roundTrips += more.roundTrips
      sum.microseconds += more.microseconds
    }
  }

  package var tally = Tally()
  let handle: OpaquePointer
  let limits: Limits
  /// Statements the server knows, by the name it knows them under; see `forgetStatements`.
  var prepared: [StatementShape: String] = [:]
  var namesGiven = 0
  var parameters = ParameterBuffer()
  private var isPoisoned = false

  /// Opens a connection; throws `PostgresError.unavailable` after at most `limits.connect`.
  package init(to target: Target, limits: Limits = Limits()) throws(PostgresError) {
    guard let handle = startConnecting(to: target) else { throw .unavailable("out of memory") }
    self.handle = handle
    self.limits = limits
    // From here on deinit closes the handle, also when this throws.
    try finishConnecting()
    // libpq's own receiver writes notices to stderr; ours belong to nobody.
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
    PQsetnonblocking(handle, 1)
    PQenterPipelineMode(handle)
  }

  package convenience init(
    to url: String, limits: Limits = Limits()
  ) throws(PostgresError) {
    try self.init(to: Target(url), limits: limits)
  }

  deinit { PQfinish(handle) }

  package var isUsable: Bool { !isPoisoned && PQstatus(handle) == CONNECTION_OK }

  var isInTransaction: Bool { PQtransactionStatus(handle) != PQTRANS_IDLE }

  /// Marks the connection as out of step with the server, so that it is not used again.
  func poison() { isPoisoned = true }

  /// The server's version, such as 180006.
  package var serverVersion: Int { Int(PQserverVersion(handle)) }

  /// Looks whether the server hung up while nobody was speaking; one system call, no round trip.
  ///
  /// What is found dead here was never sent to, so it is safe to begin again on a new connection.
  func isStillThere() -> Bool {
    var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
    while isUsable, poll(&descriptor, 1, 0) > 0 {
      // Readable while idle: a notice, a changed setting, or the end.
      guard PQconsumeInput(handle) == 1 else { poison(); break }
    }
    return isUsable
  }
}

// MARK: - Connecting and waiting

private func startConnecting(to target: Connection.Target) -> OpaquePointer? {
  // Later words win, and the URL stands in place of `dbname`: before it defaults, after it musts.
  var words: [(key: String, value: String)] = []
  if let user = target.user { words.append(("user", user)) }
  if let name = target.applicationName { words.append(("fallback_application_name", name)) }
  // The text formats that rows are read by, whatever the server's configuration says.
  words.append(("options", "-c DateStyle=ISO -c IntervalStyle=iso_8601 -c bytea_output=hex"))
  words.append(("dbname", target.url))
  words.append(("client_encoding", "UTF8"))
  return withCStrings(words.map(\.key)) { keys in
    withCStrings(words.map(\.value)) { values in PQconnectStartParams(keys, values, 1) }
  }
}

/// Calls `body` with a null-terminated list of C strings that live as long as the call.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { for copy in copies { free(copy) } }
  return body(copies.map { UnsafePointer($0) } + [nil])
}

extension Connection {
  private func finishConnecting() throws(PostgresError) {
    let deadline = millisecondsNow() + limits.connect
    var wanted = POLLOUT
    while true {
      guard PQstatus(handle) != CONNECTION_BAD else { throw .unavailable(lastMessage) }
      guard try wait(for: wanted, until: deadline) else {
        throw .unavailable("no connection within \(limits.connect) ms")
      }
      switch PQconnectPoll(handle) {
      case PGRES_POLLING_OK: return
      case PGRES_POLLING_READING: wanted = POLLIN
      case PGRES_POLLING_WRITING: wanted = POLLOUT
      default: throw .unavailable(lastMessage)
      }
    }
  }

  /// False when `deadline` (ms of the monotonic clock) passed first.
  func wait(for events: CInt, until deadline: Int) throws(PostgresError) -> Bool {
    var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
    while true {
      let left = deadline - millisecondsNow()
      guard left > 0 else { return false }
      let ready = poll(&descriptor, 1, CInt(left))
      if ready > 0 { return true }
      guard ready == 0 || errno == EINTR else { throw .connectionLost("poll failed: \(errno)") }
    }
  }

  var lastMessage: String {
    PQerrorMessage(handle).map { String(cString: $0) } ?? "no message"
  }
}

func microsecondsNow() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return time.tv_sec * 1_000_000 + time.tv_nsec / 1_000
}

func millisecondsNow() -> Int { microsecondsNow() / 1_000 }
