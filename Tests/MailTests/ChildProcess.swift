import Glibc

/// A program started for a test. Foundation's `Process` needs a run loop to notice an exit and
/// stalls when tests run in parallel; this is posix_spawn and waitpid.
final class ChildProcess {
  let id: pid_t
  private let output: Int32
  private var status: Int32?

  /// Searches `arguments[0]` on the path. `input` goes to its standard input, then that ends.
  init(_ arguments: [String], input: [UInt8] = []) throws {
    let (inputRead, inputWrite) = try Self.pipe()
    let (outputRead, outputWrite) = try Self.pipe()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, inputRead, 0)
    posix_spawn_file_actions_adddup2(&actions, outputWrite, 1)
    // The threads that tests run on block signals, and a child would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var strings = arguments.map { strdup($0) } + [nil]
    var child = pid_t()
    let code = posix_spawnp(&child, arguments[0], &actions, &attributes, &strings, environ)
    posix_spawn_file_actions_destroy(&actions)
    posix_spawnattr_destroy(&attributes)
    for string in strings { free(string) }
    close(inputRead)
    close(outputWrite)
    guard code == 0 else {
      close(inputWrite)
      close(outputRead)
      throw Failure(description: "\(arguments[0]) did not start: error \(code)")
    }
    id = child
    output = outputRead
    try Self.write(input, to: inputWrite)
    close(inputWrite)
  }

  deinit { close(output) }

  /// One line of its output without its end; what there is when the output ends.
  func readLine() -> String {
    var line = [UInt8]()
    var byte: UInt8 = 0
    while read(output, &byte, 1) == 1, byte != 0x0A { line.append(byte) }
    return String(decoding: line, as: UTF8.self)
  }

  func readToEnd() -> [UInt8] {
    var all = [UInt8]()
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(output, &chunk, chunk.count), count > 0 { all += chunk[..<count] }
    return all
  }

  func signal(_ number: Int32) {
    if status == nil { kill(id, number) }
  }

  /// Its exit code, or minus the signal that ended it.
  func wait() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    while waitpid(id, &raw, 0) < 0, errno == EINTR {}
    let signal = raw & 0x7F
    status = signal == 0 ? (raw >> 8) & 0xFF : -signal
    return status ?? 0
  }

  /// Close-on-exec, so that no other child keeps this one's output open.
  private static func pipe() throws -> (Int32, Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw Failure(description: "no pipe: error \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func write(_ bytes: [UInt8], to end: Int32) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { Glibc.write(end, $0.baseAddress, $0.count) }
      guard count > 0 else { throw Failure(description: "a child did not read its input") }
      sent += count
    }
  }

  struct Failure: Error, CustomStringConvertible { var description: String }
}
