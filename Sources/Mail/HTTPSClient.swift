import CCurl
import CShims

/// Why no whole answer came back.
package enum HTTPFailure: Error, Equatable, Sendable {
  /// The address, a header or a certificate file cannot be used: nothing was sent.
  case unusable(reason: String)
  /// Nobody there: no such host, nothing listening, no trusted TLS.
  case unreachable(reason: String)
  case timedOut(afterSeconds: Int)
  /// More bytes than the caller wants to hold.
  case tooLarge(bytesMax: Int)
  /// The connection ended in the middle, or what came was not HTTP.
  case cutShort(reason: String)
}

/// What a server answered, whatever its status.
package struct HTTPAnswer: Sendable {
  package let status: Int
  package let body: [UInt8]
  /// How long the server asks to be left alone, where it says so in seconds (RFC 9110, 10.2.3).
  package let retryAfterSeconds: Int?
}

/// Talks JSON with a server, each time over a connection of its own; usable from any thread. Follows no
/// redirect: where our data goes is decided by configuration alone.
package struct HTTPSClient: Sendable {
  package var connectSeconds = 10
  package var totalSeconds = 30
  package var bodyBytesMax = 1 << 20
  /// Holds the certificates (PEM) to trust in place of the system's.
  package var authorityFile: String?

  package init(connectSeconds: Int = 10, totalSeconds: Int = 30, bodyBytesMax: Int = 1 << 20) {
    self.connectSeconds = connectSeconds
    self.totalSeconds = totalSeconds
    self.bodyBytesMax = bodyBytesMax
  }

  /// Blocks until the answer is there whole or a limit is met. `bearer` is the secret of an
  /// `Authorization` header; it takes TLS, or a server on this machine.
  package func post(
    json body: [UInt8], to url: String, bearer: String? = nil
  ) throws(HTTPFailure) -> HTTPAnswer {
    try send(body, to: url, ["Content-Type: application/json", "Expect:"], bearer)
  }

  package func get(_ url: String, bearer: String? = nil) throws(HTTPFailure) -> HTTPAnswer {
    try send(nil, to: url, [], bearer)
  }

  private func send(
    _ body: [UInt8]?, to url: String, _ headers: [String], _ bearer: String?
  ) throws(HTTPFailure) -> HTTPAnswer {
    try Self.check(url, hasSecret: bearer != nil)
    var headers = headers + ["Accept: application/json"]
    if let bearer {
      guard bearer.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw .unusable(reason: "the key holds a character no header can carry")
      }
      headers.append("Authorization: Bearer \(bearer)")
    }
    return try Exchange(bytesMax: bodyBytesMax).run(self, url, body, headers)
  }

  /// True for an address that a secret may be sent to.
  package static func isPrivate(_ url: String) -> Bool {
    url.utf8.starts(with: "https://".utf8)
      || ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { local in
        let rest = url.utf8.dropFirst(local.utf8.count)
        return url.utf8.starts(with: local.utf8)
          && (rest.isEmpty || rest.first == UInt8(ascii: ":") || rest.first == UInt8(ascii: "/"))
      }
  }

  private static func check(_ url: String, hasSecret: Bool) throws(HTTPFailure) {
    let isHTTP = ["http://", "https://"].contains { url.utf8.starts(with: $0.utf8) }
    // An @ would hide where it goes: http://trusted@elsewhere.
    guard isHTTP, url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "@") }) else {
      throw .unusable(reason: "the address must begin with http:// or https:// and name no user")
    }
    if hasSecret && !isPrivate(url) { throw .unusable(reason: "a key needs https") }
  }
}

/// One request and its answer: gathers what libcurl hands over, up to a limit.
private final class Exchange {
  private let bytesMax: Int
  private var body: [UInt8] = []
  private var retryAfterSeconds: Int?
  private var isTooLarge = false

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  func run(
    _ client: HTTPSClient, _ url: String, _ body: [UInt8]?, _ headers: [String]
  ) throws(HTTPFailure) -> HTTPAnswer {
    Curl.start
    guard let handle = curl_easy_init() else { throw .unusable(reason: "out of memory") }
    var headerList: UnsafeMutablePointer<curl_slist>?
    defer {
      curl_easy_cleanup(handle)
      curl_slist_free_all(headerList)
    }
    for header in headers {
      guard let longer = curl_slist_append(headerList, header) else {
        throw .unusable(reason: "out of memory")
      }
      headerList = longer
    }
    var options = CurlOptions(handle: handle)
    options.apply(client, url)
    options.list(CURLOPT_HTTPHEADER, headerList)
    if let body { options.post(body) }
    options.keep(cf_curl_on_write(handle, gatherBody, Unmanaged.passUnretained(self).toOpaque()))
    options.keep(cf_curl_on_header(handle, hearHeader, Unmanaged.passUnretained(self).toOpaque()))
    guard options.code == CURLE_OK else { throw .unusable(reason: Curl.text(options.code)) }
    let (code, reason) = withExtendedLifetime(self) { Curl.perform(handle) }
    var status = 0
    cf_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
    return try answer(code, reason, status: status, client)
  }

  private func answer(
    _ code: CURLcode, _ reason: String, status: Int, _ client: HTTPSClient
  ) throws(HTTPFailure) -> HTTPAnswer {
    if isTooLarge { throw .tooLarge(bytesMax: bytesMax) }
    switch code {
    case CURLE_OK where (200...599).contains(status):
      return HTTPAnswer(status: status, body: body, retryAfterSeconds: retryAfterSeconds)
    case CURLE_OPERATION_TIMEDOUT: throw .timedOut(afterSeconds: client.totalSeconds)
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR,
      CURLE_PEER_FAILED_VERIFICATION:
      throw .unreachable(reason: reason)
    case CURLE_URL_MALFORMAT, CURLE_SSL_CACERT_BADFILE:
      throw .unusable(reason: reason)
    default: throw .cutShort(reason: code == CURLE_OK ? "status \(status)" : reason)
    }
  }

  /// Returns how many bytes were taken; fewer than offered makes libcurl stop.
  func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    guard body.count + bytes.count <= bytesMax else {
      isTooLarge = true
      return 0
    }
    body.append(contentsOf: bytes)
    return bytes.count
  }

  func hear(_ line: UnsafeBufferPointer<UInt8>) {
    let name = Array("retry-after:".utf8)
    guard line.count > name.count, zip(line, name).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) else {
      return
    }
    let digits = line.dropFirst(name.count).filter { $0 > 0x20 }
    guard (1...6).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return
    }
    retryAfterSeconds = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}

extension CurlOptions {
  fileprivate mutating func apply(_ client: HTTPSClient, _ url: String) {
    string(CURLOPT_URL, url)
    string(CURLOPT_PROTOCOLS_STR, "http,https")
    long(CURLOPT_FOLLOWLOCATION, 0)
    long(CURLOPT_FORBID_REUSE, 1)
    long(CURLOPT_CONNECTTIMEOUT, client.connectSeconds)
    long(CURLOPT_TIMEOUT, client.totalSeconds)
    string(CURLOPT_USERAGENT, "closerflow")
    if let file = client.authorityFile { string(CURLOPT_CAINFO, file) }
  }

  /// libcurl copies the body, so that it need not outlive this call; the size must be set first.
  fileprivate mutating func post(_ body: [UInt8]) {
    size(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
    let code = body.withUnsafeBytes { bytes in
      cf_curl_set_string(
        handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress?.assumingMemoryBound(to: CChar.self))
    }
    keep(code)
  }
}

private func exchange(_ context: UnsafeMutableRawPointer?) -> Exchange? {
  context.map { Unmanaged<Exchange>.fromOpaque($0).takeUnretainedValue() }
}

private let gatherBody: cf_curl_bytes_fn = { room, size, count, context in
  exchange(context)?.take(UnsafeBufferPointer(Curl.bytes(room, size * count))) ?? 0
}

private let hearHeader: cf_curl_bytes_fn = { line, size, count, context in
  exchange(context)?.hear(UnsafeBufferPointer(Curl.bytes(line, size * count)))
  return size * count
}
