import Glibc
import Postgres
import Testing

/// A PostgreSQL of a test's own, to be stopped and killed. `PG_BIN` names the directory of its programs.
final class PrivateServer {
  let url: String
  private let directory: String
  private let programs: String

  init() throws {
    guard let programs = getenv("PG_BIN") else {
      throw TestServer.Missing(description: "PG_BIN is not set; deploy/test sets it")
    }
    self.programs = String(cString: programs)
    var template = Array("/tmp/closerflow-pg-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestServer.Missing(description: "no /tmp") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    url = "postgresql:///postgres?host=\(directory)&user=postgres"
    // PostgreSQL refuses to run as root.
    if geteuid() == 0 { chown(directory, Self.nobody, Self.nobody) }
    try run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    try start()
  }

  deinit {
    do {
      try stop(mode: "immediate")
    } catch {
      Issue.record("the server in \(directory) does not stop: \(error)")
    }
    spawnAndWait(["rm", "-rf", directory])
  }

  func database(limits: Connection.Limits = .init()) -> Database { Database(url, limits: limits) }

  func start() throws {
    try run(
      "pg_ctl", "start", "-w", "-D", data, "-l", "\(data)/log", "-o",
      "-k \(directory) -c listen_addresses='' -c fsync=off -c shared_buffers=8MB")
  }

  /// `fast` says goodbye to every connection, `immediate` is a crash.
  func stop(mode: String) throws {
    try run("pg_ctl", "stop", "-w", "-m", mode, "-D", data)
  }

  /// The postmaster, which accepts connections.
  var postmaster: pid_t {
    get throws {
      guard let file = fopen("\(data)/postmaster.pid", "r") else {
        throw TestServer.Missing(description: "the server does not run")
      }
      defer { fclose(file) }
      var line = [CChar](repeating: 0, count: 32)
      fgets(&line, 32, file)
      return pid_t(atoi(line))
    }
  }

  private static let nobody: uid_t = 65_534
  private var data: String { "\(directory)/data" }

  private func run(_ program: String, _ arguments: String...) throws {
    let asNobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    let command = (geteuid() == 0 ? asNobody : []) + ["\(programs)/\(program)"] + arguments
    guard spawnAndWait(command) == 0 else {
      throw TestServer.Missing(description: "\(program) failed; see \(data)/log")
    }
  }
}

/// Runs a program quietly; its exit status, or -1 when it was killed or does not exist.
@discardableResult
func spawnAndWait(_ command: [String]) -> Int32 {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
  var arguments = command.map { strdup($0) } + [nil]
  defer { for argument in arguments { free(argument) } }
  var process = pid_t()
  guard posix_spawnp(&process, command[0], &actions, nil, &arguments, environ) == 0 else {
    return -1
  }
  var status: Int32 = 0
  waitpid(process, &status, 0)
  return status & 0x7F == 0 ? (status >> 8) & 0xFF : -1
}
