import CCurl
import CShims
import Glibc

/// One message on its way: feeds libcurl, listens to the dialogue, and tells at the end what became
/// of it. libcurl's result alone cannot: the same code stands for a refusal and a lost connection.
final class Submission {
  private let message: [UInt8]
  private let beforeCommit: () -> Bool
  private var readCount = 0
  private var commit = Commit.notAsked
  private var dialogue = Dialogue()

  private enum Commit { case notAsked, granted, denied }

  /// The line end of the message is held back, so that the question is asked as late as can be.
  private static let lastCount = 2

  init(message: [UInt8], beforeCommit: @escaping () -> Bool) {
    self.message = message
    self.beforeCommit = beforeCommit
  }

  func run(_ transport: SMTPTransport, envelopeFrom: String, recipients: [String]) -> SMTPOutcome {
    Curl.start
    guard let handle = curl_easy_init() else { return .notSent(reason: "libcurl is out of memory") }
    var recipientList: UnsafeMutablePointer<curl_slist>?
    defer {
      curl_easy_cleanup(handle)
      curl_slist_free_all(recipientList)
    }
    for recipient in recipients {
      guard let longer = curl_slist_append(recipientList, recipient) else {
        return .notSent(reason: "libcurl is out of memory")
      }
      recipientList = longer
    }
    var settings = CurlOptions(handle: handle)
    settings.apply(transport)
    settings.string(CURLOPT_MAIL_FROM, envelopeFrom)
    settings.list(CURLOPT_MAIL_RCPT, recipientList)
    settings.size(CURLOPT_INFILESIZE_LARGE, curl_off_t(message.count))
    settings.callbacks(Unmanaged.passUnretained(self).toOpaque())
    guard settings.code == CURLE_OK else { return .notSent(reason: Curl.text(settings.code)) }
    return perform(handle)
  }

  private func perform(_ handle: UnsafeMutableRawPointer) -> SMTPOutcome {
    let (code, reason) = withExtendedLifetime(self) { Curl.perform(handle) }
    var uploaded = curl_off_t(0)
    cf_curl_get_size(handle, CURLINFO_SIZE_UPLOAD_T, &uploaded)
    return outcome(code, reason: reason, uploaded: Int(uploaded))
  }

  /// The order matters: an answer of the server is better evidence than how the connection ended.
  private func outcome(_ code: CURLcode, reason: String, uploaded: Int) -> SMTPOutcome {
    if let reply = dialogue.reply, reply.code >= 400 {
      return .refused(
        code: reply.code, reply: reply.text,
        isPermanent: reply.code >= 500 && dialogue.concernsMessage)
    }
    if commit == .denied { return .aborted }
    if let reply = dialogue.finalReply, (200..<300).contains(reply.code) {
      return .accepted(reply: reply.text)
    }
    let reason = code == CURLE_OK ? "the server's last answer made no sense" : reason
    // Unless every byte was written, libcurl did not write the dot that ends a message.
    if commit == .notAsked || uploaded < message.count { return .notSent(reason: reason) }
    return .uncertain(reason: reason)
  }
}

extension Submission {
  /// libcurl asks for up to `room` more bytes. Returns how many were given, or the abort code.
  func feed(_ room: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let rest = message.count - readCount
    var count = min(room.count, rest)
    if count == rest, rest > Self.lastCount {
      count = rest - Self.lastCount
    } else if count == rest, rest > 0, !isGranted() {
      return Int(CURL_READFUNC_ABORT)
    }
    _ = room.update(fromContentsOf: message[readCount..<readCount + count])
    readCount += count
    return count
  }

  private func isGranted() -> Bool {
    if commit == .notAsked { commit = beforeCommit() ? .granted : .denied }
    return commit == .granted
  }

  func heard(_ line: UnsafeBufferPointer<UInt8>) { dialogue.hear(line) }

  func said(_ command: UnsafeBufferPointer<UInt8>) { dialogue.say(command) }

  /// A server that does not answer our QUIT must not hold up what is already known.
  var mustHangUp: Bool { dialogue.hasWaitedForGoodbye }
}

extension CurlOptions {
  fileprivate mutating func apply(_ transport: SMTPTransport) {
    string(CURLOPT_URL, transport.url)
    string(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
    long(CURLOPT_UPLOAD, 1)
    long(CURLOPT_FORBID_REUSE, 1)
    long(CURLOPT_CONNECTTIMEOUT, transport.timeouts.connect)
    long(CURLOPT_SERVER_RESPONSE_TIMEOUT, transport.timeouts.response)
    long(CURLOPT_TIMEOUT, transport.timeouts.total)
    let level = transport.requiresTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE
    long(CURLOPT_USE_SSL, Int(level.rawValue))
    if let file = transport.authorityFile { string(CURLOPT_CAINFO, file) }
    if let username = transport.username { string(CURLOPT_USERNAME, username) }
    if let password = transport.password { string(CURLOPT_PASSWORD, password) }
  }

  fileprivate mutating func callbacks(_ context: UnsafeMutableRawPointer) {
    keep(cf_curl_on_read(handle, feedCurl, context))
    keep(cf_curl_on_header(handle, hearReply, context))
    keep(cf_curl_on_trace(handle, traceCommand, context))
    keep(cf_curl_on_progress(handle, watchProgress, context))
  }
}

private func submission(_ context: UnsafeMutableRawPointer?) -> Submission? {
  context.map { Unmanaged<Submission>.fromOpaque($0).takeUnretainedValue() }
}

private let feedCurl: cf_curl_bytes_fn = { room, size, count, context in
  submission(context)?.feed(Curl.bytes(room, size * count)) ?? Int(CURL_READFUNC_ABORT)
}

private let hearReply: cf_curl_bytes_fn = { line, size, count, context in
  submission(context)?.heard(UnsafeBufferPointer(Curl.bytes(line, size * count)))
  return size * count
}

private let traceCommand: cf_curl_trace_fn = { _, kind, text, count, context in
  if kind == CURLINFO_HEADER_OUT {
    submission(context)?.said(UnsafeBufferPointer(Curl.bytes(text, count)))
  }
  return 0
}

private let watchProgress: cf_curl_progress_fn = { context, _, _, _, _ in
  submission(context)?.mustHangUp == true ? 1 : 0
}
