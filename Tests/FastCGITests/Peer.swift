import Glibc

/// A web server's side of FastCGI 1.0, record by record, blocking, with 30 s of patience.
final class Peer {
  let descriptor: Int32
  static let patienceSeconds = 30

  struct Failure: Error { let reason: String }

  struct Answer {
    var head = ""
    var body: [UInt8] = []
    var ended = false

    var status: Int? {
      guard head.hasPrefix("Status: ") else { return nil }
      return Int(head.dropFirst(8).prefix(3))
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? {
      let lines = head.split(separator: "\r\n")
      return lines.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }
  }

  init(_ path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, size)
      }
    }
    // It is all there, so that deinit closes the descriptor: once more would be somebody else's.
    guard result == 0 else { throw Failure(reason: "connect: \(errno)") }
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(reason: "send: \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Whether the other side closed without a further byte.
  func isClosed() -> Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, 0)
    return count == 0 || count < 0 && errno == ECONNRESET
  }

  /// The answer up to END_REQUEST, or what came before the connection closed.
  func receive() throws -> Answer {
    var answer = Answer()
    var output: [UInt8] = []
    while !answer.ended, let header = try read(8, orEnd: true) {
      let length = Int(header[4]) << 8 | Int(header[5])
      let content = try read(length + Int(header[6])) ?? []
      if header[1] == Record.stdout { output += content.prefix(length) }
      if header[1] == Record.endRequest, header[3] == 1 { answer.ended = true }
    }
    answer.split(output)
    return answer
  }

  private func read(_ count: Int, orEnd: Bool = false) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var have = 0
    while have < count {
      let received = bytes.withUnsafeMutableBytes {
        recv(descriptor, $0.baseAddress.map { $0 + have }, count - have, 0)
      }
      if received == 0 && have == 0 && orEnd { return nil }
      guard received > 0 else { throw Failure(reason: "recv: \(received) \(errno)") }
      have += received
    }
    return bytes
  }

  func exchange(_ request: Record.Request) throws -> Answer {
    try send(request.bytes)
    return try receive()
  }

  func get(_ target: String) throws -> Answer { try exchange(Record.Request(target: target)) }
}

extension Peer.Answer {
  fileprivate mutating func split(_ output: [UInt8]) {
    let blank = Array("\r\n\r\n".utf8)
    let end = output.indices.first { output[$0...].starts(with: blank) } ?? output.endIndex
    head = String(decoding: output[..<end], as: UTF8.self)
    body = Array(output[min(end + 4, output.endIndex)...])
  }
}

/// Bytes of FastCGI 1.0 records.
enum Record {
  static let begin: UInt8 = 1
  static let abort: UInt8 = 2
  static let endRequest: UInt8 = 3
  static let params: UInt8 = 4
  static let stdin: UInt8 = 5
  static let stdout: UInt8 = 6

  static func record(_ type: UInt8, _ content: [UInt8] = [], id: UInt8 = 1, padding: Int = 0)
    -> [UInt8]
  {
    let length = content.count
    return [1, type, 0, id, UInt8(length >> 8), UInt8(length & 0xFF), UInt8(padding), 0] + content
      + [UInt8](repeating: 0, count: padding)
  }

  static func begin(role: UInt8 = 1, keep: Bool = true, id: UInt8 = 1) -> [UInt8] {
    record(begin, [0, role, keep ? 1 : 0, 0, 0, 0, 0, 0], id: id)
  }

  static func pair(_ name: String, _ value: [UInt8]) -> [UInt8] {
    length(name.utf8.count) + length(value.count) + Array(name.utf8) + value
  }

  private static func length(_ count: Int) -> [UInt8] {
    count < 128
      ? [UInt8(count)]
      : [
        UInt8(0x80 | count >> 24), UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF),
        UInt8(count & 0xFF),
      ]
  }

  /// A stream in records of at most `size` bytes and the empty one that ends it.
  static func stream(_ type: UInt8, _ content: [UInt8], size: Int = 65_535) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = content[...]
    while !rest.isEmpty {
      let chunk = rest.prefix(size)
      bytes += record(type, Array(chunk), padding: chunk.count % 8)
      rest = rest.dropFirst(chunk.count)
    }
    return bytes + record(type)
  }

  struct Request {
    var method = "GET"
    var target = "/"
    var body: [UInt8] = []
    var length: String?
    var keep = true
    var role: UInt8 = 1
    var more: [(String, String)] = []
    var recordSize = 65_535

    var params: [UInt8] {
      let own = [
        ("REQUEST_METHOD", method), ("REQUEST_URI", target), ("REMOTE_ADDR", "192.0.2.7"),
        ("HTTPS", "on"), ("HTTP_HOST", "crm.example"), ("SCRIPT_NAME", "/ignored"),
        ("CONTENT_LENGTH", length ?? (body.isEmpty ? "" : String(body.count))),
      ]
      return (own + more).flatMap { Record.pair($0.0, Array($0.1.utf8)) }
    }

    var bytes: [UInt8] {
      Record.begin(role: role, keep: keep) + Record.stream(Record.params, params, size: recordSize)
        + Record.stream(Record.stdin, body, size: recordSize)
    }
  }
}
