import Glibc

/// Where people reach the site: also what the Origin of every form post is compared with.
enum PublicURL {
  /// What is wrong with it, as the end of a sentence; nil when nothing is.
  static func problem(of url: String) -> String? {
    let isSecure = url.utf8.starts(with: "https://".utf8)
    guard isSecure || url.utf8.starts(with: "http://".utf8) else {
      return "begins with https://, or with http:// on this machine"
    }
    let authority = Array(url.utf8.dropFirst(isSecure ? 8 : 7))
    if authority.last == UInt8(ascii: "/") { return "ends without a slash" }
    guard let (host, port) = HostPort.split(authority) else {
      return "is a scheme and a host in lower case, nothing behind them"
    }
    if let port, port == (isSecure ? 443 : 80) {
      return "leaves out :\(port), as browsers do"
    }
    if !isSecure, !HostPort.isLoopback(host) {
      return "begins with https:// unless the host is localhost or 127.0.0.1"
    }
    return nil
  }
}

/// A host name or address, and a port, as they stand in a URL.
enum HostPort {
  static func split(_ authority: [UInt8]) -> (host: String, port: Int?)? {
    var host = authority[...]
    var port: Int?
    if let colon = host.lastIndex(of: UInt8(ascii: ":")), host.last != UInt8(ascii: "]") {
      let digits = host[(colon + 1)...]
      guard (1...5).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
        let number = Int(String(decoding: digits, as: UTF8.self)), (1...65_535).contains(number)
      else { return nil }
      port = number
      host = host[..<colon]
    }
    guard !host.isEmpty, isBracketed(host) || host.allSatisfy(isHostByte) else { return nil }
    return (String(decoding: host, as: UTF8.self), port)
  }

  static func isLoopback(_ host: String) -> Bool {
    let isIPv4 = host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
    return host == "localhost" || host == "[::1]"
      || isIPv4 && host.utf8.starts(with: "127.".utf8)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: ".")
      || byte == UInt8(ascii: "-")
  }

  /// An IPv6 address.
  private static func isBracketed(_ host: ArraySlice<UInt8>) -> Bool {
    host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]")
      && host.dropFirst().dropLast().allSatisfy {
        (48...57).contains($0) || (97...102).contains($0) || $0 == UInt8(ascii: ":")
      }
  }
}

/// The mail server that SMTP_URL names.
struct MailServer {
  let host: String
  let port: Int
  /// TLS from the first byte: the server says nothing before it.
  let startsWithTLS: Bool

  init?(_ url: String) {
    startsWithTLS = url.utf8.starts(with: "smtps://".utf8)
    guard startsWithTLS || url.utf8.starts(with: "smtp://".utf8) else { return nil }
    guard let (host, port) = HostPort.split(Array(url.utf8.dropFirst(startsWithTLS ? 8 : 7)))
    else { return nil }
    self.host = host
    self.port = port ?? (startsWithTLS ? 465 : 25)
  }

  var isLoopback: Bool { HostPort.isLoopback(host) }

  /// The host as the resolver wants it.
  var address: String {
    host.utf8.first == UInt8(ascii: "[") ? String(host.dropFirst().dropLast()) : host
  }
}

/// A small file read whole.
enum TextFile {
  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  private static let bytesMax = 1 << 20

  static func read(_ path: String) -> Result<String, Problem> {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      return .failure(Problem(description: "\(path): \(String(cString: strerror(errno)))"))
    }
    defer { close(descriptor) }
    return read(descriptor).flatMapError { problem in
      .failure(Problem(description: "\(path): \(problem)"))
    }
  }

  static func read(_ descriptor: Int32) -> Result<String, Problem> {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0 {
        if errno == EINTR { continue }
        return .failure(Problem(description: String(cString: strerror(errno))))
      }
      if count == 0 { break }
      bytes += chunk.prefix(count)
      if bytes.count > bytesMax { return .failure(Problem(description: "is too long")) }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      return .failure(Problem(description: "is not UTF-8 text"))
    }
    return .success(text)
  }

  /// Without the line end that editors put behind a last line.
  static func withoutLineEnd(_ text: String) -> String {
    var bytes = Array(text.utf8)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }
}
