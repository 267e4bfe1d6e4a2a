import CShims
import Glibc

/// A listening unix socket that takes over its path from an older process without a gap.
///
/// It is bound under a temporary name and renamed over the path: at every moment the path leads to
/// a socket that listens. The permissions of socket and directory are the only door: libfcgi ends
/// the process on one malformed length that any peer could send (see ``Connection``).
struct UnixSocket: Sendable {
  let descriptor: Int32
  private let path: String
  private let temporaryPath: String
  private let identity: Identity

  /// Which file it is, however it is called now.
  private struct Identity: Equatable {
    let device: UInt
    let inode: UInt

    init?(path: String) {
      var status = stat()
      guard lstat(path, &status) == 0 else { return nil }
      device = UInt(status.st_dev)
      inode = UInt(status.st_ino)
    }
  }

  static let mode: mode_t = 0o660
  static let directoryMode: mode_t = 0o750
  static let backlog: Int32 = 511

  /// Listens, but under a name that nobody knows. Throws ``SystemFailure``, or ``UnsafeDirectory``
  /// when others could reach the socket.
  init(path: String) throws {
    try Self.prepareDirectory(of: path)
    self.path = path
    temporaryPath = "\(path).\(getpid()).\(UInt16.random(in: .min ... .max))"
    descriptor = try Self.listen(on: temporaryPath)
    guard let identity = Identity(path: temporaryPath) else {
      let failure = SystemFailure("look at \(temporaryPath)")
      Glibc.close(descriptor)
      throw failure
    }
    self.identity = identity
  }

  /// From here on peers that connect to the path come here.
  func takeOverPath() throws {
    try Self.locked(path) { try check(rename(temporaryPath, path), "rename to \(path)") }
  }

  /// Gives up before ``takeOverPath()`` or after ``refuseNewConnections()``.
  func close() {
    unlink(temporaryPath)
    Glibc.close(descriptor)
  }

  /// No new peer can connect from here on; those that have may still be accepted.
  func refuseNewConnections() {
    unlinkIfOurs()
    shutdown(descriptor, Int32(SHUT_RD))
  }

  /// A newer process may own the path by now; its socket must stay.
  private func unlinkIfOurs() {
    // Without the lock a path that might be a newer process's is better left lying about.
    try? Self.locked(path) {
      if Identity(path: path) == identity { unlink(path) }
    }
  }

  /// The next peer in the backlog as a blocking descriptor; nil when there is none.
  func accept() throws -> Int32? {
    while true {
      let accepted = shim_accept_cloexec(descriptor)
      if accepted >= 0 { return accepted }
      switch errno {
      case EINTR, ECONNABORTED: continue
      // EINVAL: shut down, and the backlog is empty.
      case EAGAIN, EINVAL: return nil
      default: throw SystemFailure("accept on \(path)")
      }
    }
  }

  private static func listen(on path: String) throws -> Int32 {
    var address = try socketAddress(path)
    let descriptor = try check(
      socket(
        AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0),
      "make a socket")
    do {
      _ = try withUnsafePointer(to: &address) { pointer in
        try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          try check(
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)), "bind \(path)")
        }
      }
      try check(chmod(path, mode), "set the mode of \(path)")
      try check(Glibc.listen(descriptor, backlog), "listen on \(path)")
      return descriptor
    } catch {
      Glibc.close(descriptor)
      unlink(path)
      throw error
    }
  }

  private static func socketAddress(_ path: String) throws -> sockaddr_un {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemFailure("use \(path) as a socket", code: ENAMETOOLONG)
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
  }

  private static func prepareDirectory(of path: String) throws {
    let directory = directory(of: path)
    if mkdir(directory, directoryMode) != 0 && errno != EEXIST {
      throw SystemFailure("make \(directory)")
    }
    var status = stat()
    try check(stat(directory, &status), "look at \(directory)")
    guard status.st_mode & 0o027 == 0, status.st_uid == geteuid() || status.st_uid == 0 else {
      throw UnsafeDirectory(path: directory)
    }
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Renaming over the path and removing it exclude each other between processes: looking whose
  /// the path is and unlinking it are two calls.
  private static func locked(_ path: String, _ body: () throws -> Void) throws {
    let lock = try check(
      open("\(path).lock", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600),
      "open \(path).lock")
    defer { Glibc.close(lock) }
    while flock(lock, LOCK_EX) != 0 {
      guard errno == EINTR else { throw SystemFailure("lock \(path).lock") }
    }
    try body()
  }
}

/// The socket's directory lets others in, or is not ours.
package struct UnsafeDirectory: Error, CustomStringConvertible {
  package let path: String

  package var description: String {
    "\(path) must belong to this user or root, with no access for others (chmod 0750)"
  }
}
