import Foundation
import Synchronization

/// A mail server for one session that answers as told: what the sink's tags cannot bring about.
final class ScriptedServer: Sendable {
  enum Step: Sendable {
    case say(String)
    /// Keeps the connection and says nothing more.
    case fallSilent
    /// Closes with a reset, as a crashed machine's kernel does.
    case reset
  }

  let port: Int
  private let heard = Mutex([UInt8]())
  private let steps: [String: Step]

  /// `steps` by verb; "connect" is the greeting, "body" the answer to the first bytes of the
  /// message, "." to its end.
  init(_ steps: [String: Step]) throws {
    self.steps = steps
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 1) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw ChildProcess.Failure(description: "no free port") }
    port = Int(UInt16(bigEndian: address.sin_port))
    Thread.detachNewThread { [self] in
      let client = accept(listener, nil, nil)
      close(listener)
      converse(client)
    }
  }

  var received: String { heard.withLock { String(decoding: $0, as: UTF8.self) } }

  private func converse(_ client: Int32) {
    guard perform("connect", client, otherwise: "220 scripted") else { return }
    while let line = readLine(client) {
      let verb = String(line.prefix(4))
      guard perform(verb, client, otherwise: verb == "DATA" ? "354 go" : "250 ok") else { return }
      if verb == "DATA", !readBody(client) { return }
      if verb == "QUIT" { break }
    }
    close(client)
  }

  private func readBody(_ client: Int32) -> Bool {
    var isFirst = true
    while let line = readLine(client) {
      if isFirst, steps["body"] != nil, !perform("body", client, otherwise: "") { return false }
      isFirst = false
      if line == "." { return perform(".", client, otherwise: "250 2.0.0 queued as 42") }
    }
    close(client)
    return false
  }

  private func perform(_ verb: String, _ client: Int32, otherwise answer: String) -> Bool {
    switch steps[verb] ?? .say(answer) {
    case .say(let answer):
      let bytes = Array((answer + "\r\n").utf8)
      return send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    case .fallSilent:
      while readLine(client) != nil {}
      close(client)
    case .reset:
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(
        client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
      close(client)
    }
    return false
  }

  /// One line without its end; nil when the client is gone.
  private func readLine(_ client: Int32) -> String? {
    var line = [UInt8]()
    var byte: UInt8 = 0
    while recv(client, &byte, 1, 0) == 1 {
      heard.withLock { $0.append(byte) }
      if byte == 0x0A { return String(decoding: line.dropLast(), as: UTF8.self) }
      line.append(byte)
    }
    return nil
  }
}
