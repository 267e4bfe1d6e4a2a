import Glibc
import HTTP
import HTTPTypes

/// The FastCGI parameters of one request that mean something here; all others are passed over.
struct Parameters {
  private(set) var method = ""
  /// REQUEST_URI: the target as the client sent it, not decoded by nginx.
  private(set) var target = ""
  private(set) var remoteAddress = ""
  private(set) var host = ""
  private(set) var isSecure = false
  private(set) var headers: [RequestHeader: String] = [:]
  private var contentLengthText = ""

  /// What was wrong with the parameters; the others are read all the same, for log and page.
  private(set) var error: ClientError?

  static let parametersMax = 100

  private enum Name {
    case method, target, remoteAddress, host, https, contentLength, proxy
    case header(RequestHeader)
  }

  /// What nginx calls them. `Proxy:` from a client would arrive as HTTP_PROXY, which libraries take
  /// for configuration (httpoxy); no client of ours sends it.
  private static let names: [(text: [UInt8], name: Name)] = {
    let own: [(String, Name)] = [
      ("REQUEST_METHOD", .method), ("REQUEST_URI", .target), ("REMOTE_ADDR", .remoteAddress),
      ("HTTP_HOST", .host), ("HTTPS", .https), ("CONTENT_LENGTH", .contentLength),
      ("HTTP_PROXY", .proxy), ("CONTENT_TYPE", .header(.contentType)),
    ]
    let headers = RequestHeader.allCases.filter { $0 != .contentType }.map { header in
      let name = header.rawValue.utf8.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
      return ("HTTP_" + String(decoding: name, as: UTF8.self).uppercased(), Name.header(header))
    }
    return (own + headers).map { (Array($0.0.utf8), $0.1) }
  }()

  init(of connection: Connection) {
    var seen: [UnsafeBufferPointer<UInt8>] = []
    seen.reserveCapacity(40)
    do throws(ClientError) {
      try connection.eachParameter { name, value throws(ClientError) in
        guard seen.count < Self.parametersMax else {
          throw .headerTooLarge("too many FastCGI parameters")
        }
        if seen.contains(where: { Self.same($0, name) }) {
          error = error ?? .badRequest("a FastCGI parameter is given twice")
        }
        seen.append(name)
        try read(name, value)
      }
    } catch {
      self.error = self.error ?? error
    }
  }

  private mutating func read(
    _ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>
  ) throws(ClientError) {
    guard let known = Self.known(name) else { return }
    guard let text = String(validating: value, as: UTF8.self) else {
      error = error ?? .badRequest("a FastCGI parameter is not UTF-8")
      return
    }
    switch known {
    case .method: method = text
    case .target: target = text
    case .remoteAddress: remoteAddress = text
    case .host: host = text
    case .https: isSecure = text == "on"
    case .contentLength: contentLengthText = text
    case .proxy: error = error ?? .badRequest("a Proxy header was sent")
    case .header(let header): if !text.isEmpty { headers[header] = text }
    }
  }

  private static func known(_ name: UnsafeBufferPointer<UInt8>) -> Name? {
    for entry in names where entry.text.count == name.count {
      if entry.text.withUnsafeBufferPointer({ same($0, name) }) { return entry.name }
    }
    return nil
  }

  private static func same(
    _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    guard left.count == right.count else { return false }
    guard let one = left.baseAddress, let other = right.baseAddress else { return true }
    return memcmp(one, other, left.count) == 0
  }

  /// 0 when nginx passed none, as for GET. Nil when it is not a number.
  var contentLength: Int? {
    guard !contentLengthText.isEmpty else { return 0 }
    guard let length = Int(strictDecimal: contentLengthText), length >= 0 else { return nil }
    return length
  }

  var requestMethod: HTTPRequest.Method {
    get throws(ClientError) {
      guard let method = HTTPRequest.Method(rawValue: method) else {
        throw .badRequest("the method is not a token")
      }
      return method
    }
  }
}
