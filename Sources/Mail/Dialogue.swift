import Glibc

/// What was said in one SMTP session so far: the last command of ours, and the answer to it.
struct Dialogue {
  struct Reply: Equatable {
    var code: Int
    /// All lines of the answer, joined by spaces, with the code once in front.
    var text: String
  }

  /// The answer to the last command, or to the connection or the message's end; nil while it is
  /// awaited. What follows our QUIT no longer counts.
  private(set) var reply: Reply?
  private var command: Command = .connect
  private var lines = [String]()
  private var hasBegunData = false
  private var quitAt: timespec?

  private enum Command { case connect, session, mail, recipient, data, quit }

  /// The answer to the end of the message.
  var finalReply: Reply? { hasBegunData ? reply : nil }

  /// True when a refusal is about this message, not about who we are or how we connect.
  var concernsMessage: Bool {
    let isAboutSession = reply.map { Self.sessionCodes.contains($0.code) } ?? false
    switch command {
    case .mail, .recipient, .data: return !isAboutSession
    case .connect, .session, .quit: return false
    }
  }

  /// "Authentication required" and its kin, which may answer any command (RFC 4954, section 6).
  private static let sessionCodes: Set<Int> = [530, 534, 535, 538]

  private static let goodbyeSeconds = 3

  /// True once the server has not answered our QUIT for some seconds.
  var hasWaitedForGoodbye: Bool {
    guard let quitAt else { return false }
    return Self.now().tv_sec - quitAt.tv_sec >= Self.goodbyeSeconds
  }

  mutating func say(_ bytes: UnsafeBufferPointer<UInt8>) {
    // libcurl writes its verbs in capitals; base64 lines of a sign-in are never one of these.
    let verb = String(decoding: bytes.prefix(4), as: UTF8.self)
    if verb == "QUIT" {
      quitAt = Self.now()
      return
    }
    reply = nil
    lines = []
    command =
      switch verb {
      case "MAIL": .mail
      case "RCPT": .recipient
      case "DATA": .data
      default: .session
      }
  }

  /// One line of an answer: "250-more to come" or "250 last".
  mutating func hear(_ bytes: UnsafeBufferPointer<UInt8>) {
    if quitAt != nil { return }
    let line = bytes.prefix { $0 != 0x0D && $0 != 0x0A }
    let digits = line.prefix(3)
    guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return }
    let code = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    if lines.isEmpty { lines.append("\(code)") }
    if lines.count < Self.linesMax { lines.append(Self.printable(line.dropFirst(4))) }
    if line.count > 3, line[line.startIndex + 3] == UInt8(ascii: "-") { return }
    finish(code)
  }

  private mutating func finish(_ code: Int) {
    let text = lines.joined(separator: " ")
    lines = []
    if command == .data, code == 354, !hasBegunData {
      hasBegunData = true
      reply = nil
    } else {
      reply = Reply(code: code, text: text)
    }
  }

  private static let linesMax = 8

  /// An answer goes to logs and pages: bounded, and without controls.
  private static func printable(_ bytes: some Sequence<UInt8>) -> String {
    String(decoding: bytes.prefix(200).map { $0 < 0x20 || $0 == 0x7F ? 0x3F : $0 }, as: UTF8.self)
  }

  private static func now() -> timespec {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time
  }
}
