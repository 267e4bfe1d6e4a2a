import Glibc

/// Asks a mail server for its first words, and hangs up.
enum MailGreeting {
  private static let timeoutMilliseconds = 5_000

  /// Why nobody there takes mail; nil when somebody does. A server with TLS from the first byte is
  /// only connected to.
  static func problem(of server: MailServer) -> String? {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(server.address, String(server.port), &hints, &found)
    guard code == 0 else { return String(cString: gai_strerror(code)) }
    defer { freeaddrinfo(found) }

    var problem = "no address"
    var next = found
    while let address = next?.pointee {
      next = address.ai_next
      let descriptor = socket(
        address.ai_family,
        address.ai_socktype | Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
        address.ai_protocol)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if connect(descriptor, address.ai_addr, address.ai_addrlen) != 0, errno != EINPROGRESS {
        problem = String(cString: strerror(errno))
        continue
      }
      guard let words = answer(on: descriptor, waitsForGreeting: !server.startsWithTLS) else {
        return nil
      }
      problem = words
    }
    return problem
  }

  /// What is wrong with how it answers.
  private static func answer(on descriptor: Int32, waitsForGreeting: Bool) -> String? {
    guard isReady(descriptor, for: POLLOUT) else { return "no answer" }
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0 else { return String(cString: strerror(code)) }
    guard waitsForGreeting else { return nil }

    guard isReady(descriptor, for: POLLIN) else { return "connected, but it says nothing" }
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    let isWelcome = count >= 3 && bytes.starts(with: "220".utf8)
    return isWelcome ? nil : "it does not greet with 220: no mail server, or a busy one"
  }

  private static func isReady(_ descriptor: Int32, for events: Int32) -> Bool {
    var look = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&look, 1, Int32(timeoutMilliseconds)) > 0
  }
}
