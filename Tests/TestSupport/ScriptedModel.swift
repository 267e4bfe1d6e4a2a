import Glibc
import Synchronization

/// A model server that speaks true HTTP over a socket and answers as told, one step a request; the
/// last step again when there are no more.
package final class ScriptedModel: Sendable {
  package enum Step: Sendable {
    case status(Int, body: String = "{}", headers: [String] = [])
    /// The chat answer that holds this text.
    case saying(String, finish: String = "stop")
    /// Reads the request and never answers.
    case silence
    /// Promises more bytes than it sends.
    case truncated
    /// Bytes as they are, and the end.
    case raw(String)
  }

  package struct Request: Sendable {
    package let head: String
    package let body: String
  }

  package let port: Int
  private let listener: Int32
  private let steps: [Step]
  private let heard = Mutex<[Request]>([])

  package var baseURL: String { "http://127.0.0.1:\(port)/v1" }
  package var requests: [Request] { heard.withLock { $0 } }

  package init(_ steps: Step...) throws {
    self.steps = steps
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 8) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw NoPort() }
    port = Int(UInt16(bigEndian: address.sin_port))
    try startThread { [self] in serve() }
  }

  /// Nothing listens there any more.
  package func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private struct NoPort: Error {}

  private func startThread(_ run: @escaping @Sendable () -> Void) throws {
    let box = Unmanaged.passRetained(ThreadBody(run))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, box.toOpaque())
    guard code == 0 else { throw NoPort() }
    pthread_detach(thread)
  }

  private func serve() {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else { return _ = close(listener) }
      guard let request = read(client) else {
        close(client)
        continue
      }
      let count = heard.withLock { heard in
        heard.append(request)
        return heard.count
      }
      perform(steps[min(count, steps.count) - 1], client)
    }
  }

  private func perform(_ step: Step, _ client: Int32) {
    switch step {
    case .status(let status, let body, let headers):
      write(client, status, body, headers)
    case .saying(let text, let finish):
      write(client, 200, Self.chat(text, finish: finish), [])
    case .silence:
      // Until the client gives up.
      var byte: UInt8 = 0
      while recv(client, &byte, 1, 0) > 0 {}
    case .truncated:
      raw(client, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"choices\":[")
    case .raw(let bytes): raw(client, bytes)
    }
    close(client)
  }

  private static func chat(_ text: String, finish: String) -> String {
    let quoted = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      default: String(Character(scalar))
      }
    }.joined()
    return """
      {"id":"x","object":"chat.completion","model":"scripted-1","choices":[{"index":0,\
      "finish_reason":"\(finish)","message":{"role":"assistant","content":"\(quoted)"}}],\
      "usage":{"prompt_tokens":120,"completion_tokens":30,"total_tokens":150}}
      """
  }

  private func write(_ client: Int32, _ status: Int, _ body: String, _ headers: [String]) {
    let lines = ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"] + headers
    raw(client, "HTTP/1.1 \(status) X\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n" + body)
  }

  private func raw(_ client: Int32, _ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private func read(_ client: Int32) -> Request? {
    var bytes: [UInt8] = []
    var byte: UInt8 = 0
    while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      guard recv(client, &byte, 1, 0) == 1 else { return nil }
      bytes.append(byte)
    }
    let head = String(decoding: bytes, as: UTF8.self)
    let length = head.lowercased().split(separator: "\r\n")
      .first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.dropFirst(15).filter(\.isNumber)) }
    var body: [UInt8] = []
    while body.count < length ?? 0 {
      guard recv(client, &byte, 1, 0) == 1 else { return nil }
      body.append(byte)
    }
    return Request(head: head, body: String(decoding: body, as: UTF8.self))
  }
}

private final class ThreadBody: Sendable {
  let run: @Sendable () -> Void

  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
