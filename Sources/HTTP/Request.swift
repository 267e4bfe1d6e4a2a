import HTTPTypes
import Spool

/// One request, parsed and found well-formed, before anybody decided what it means.
package struct Request: Sendable {
  /// Sixteen random hexadecimal digits; stands in the log and on the error page.
  package let id: String
  package let method: HTTPRequest.Method
  package let path: RequestPath
  package let query: NamedValues
  package let body: Bytes
  /// As nginx saw the peer; no header of the client can change it.
  package let remoteAddress: String
  /// As nginx passed it. Links are made from configuration, never from this.
  package let host: String
  package let isSecure: Bool

  private let headers: [RequestHeader: String]
  private var captures: [RouteCapture] = []

  /// The pattern of the route that answers, such as "/leads/{id}"; nil until the router has been.
  package private(set) var pattern: String?

  static let targetBytesMax = 8 * 1024
  /// Fields of text, all together: room for the longest letter, which a form sends up to three times
  /// as long as its text. Only files are longer.
  package static let formBytesMax = 512 * 1024

  /// `target` is the request target as sent: path and query, undecoded.
  package init(
    id: String = RequestID.random(), method: HTTPRequest.Method, target: String,
    headers: [RequestHeader: String] = [:], body: Bytes = Bytes(), remoteAddress: String = "",
    host: String = "", isSecure: Bool = true
  ) throws(ClientError) {
    guard target.utf8.count <= Self.targetBytesMax else {
      throw .targetTooLong("the request target is too long")
    }
    guard target.utf8.allSatisfy({ ASCII.isVisible($0) && $0 != UInt8(ascii: "#") }) else {
      throw .badRequest("the request target holds a byte that no URL holds")
    }
    guard CleanText.decode(Array(host.utf8), allowing: .none) != nil else {
      throw .badRequest("the host holds a control character")
    }
    try Self.check(headers)

    let question = target.utf8.firstIndex(of: ASCII.question)
    self.id = id
    self.method = method
    path = try RequestPath(target[..<(question ?? target.endIndex)])
    let rawQuery = question.map { target[$0...].utf8.dropFirst() }
    query = try NamedValues(Array(rawQuery ?? ""[...].utf8)[...], allowing: .none)
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
    self.host = host
    self.isSecure = isSecure
  }

  private static func check(_ headers: [RequestHeader: String]) throws(ClientError) {
    for value in headers.values {
      guard CleanText.decode(Array(value.utf8), allowing: .none) != nil else {
        throw .badRequest("a header holds a control character")
      }
    }
  }

  package func header(_ name: RequestHeader) -> String? { headers[name] }

  /// The cookie's value, nil when it is absent; a 400 when it is given twice.
  package func cookie(_ name: String) throws(ClientError) -> String? {
    guard let header = headers[.cookie] else { return nil }
    return try CookieHeader.value(of: name, in: header)
  }

  /// The posted form; a 415 when the body is something else.
  package var form: PostedForm {
    get throws {
      let contentType = headers[.contentType] ?? ""
      let mediaType = contentType.utf8.prefix { $0 != ASCII.semicolon }
      if String(Substring(mediaType)).trimmed.lowercased() == "application/x-www-form-urlencoded" {
        guard body.count <= Self.formBytesMax else {
          throw ClientError.contentTooLarge("the fields are too long")
        }
        return try PostedForm(body.array())
      }
      guard let parts = try Multipart(body, contentType: contentType) else {
        throw ClientError.unsupportedMediaType("the body is not a form")
      }
      return PostedForm(parts)
    }
  }

  /// What stands in the path where the route's pattern has `{name}`; never empty.
  package func parameter(_ name: String) -> String? {
    captures.first { $0.name == name }.map { path.segments[$0.segmentIndex] }
  }

  /// Remembers which route answers, for ``parameter(_:)`` and the log.
  package mutating func follow<Handler>(_ route: Route<Handler>) {
    pattern = route.pattern
    captures = route.captures
  }
}

/// The request headers that reach the application; all others end at the door.
package enum RequestHeader: String, CaseIterable, Sendable {
  case accept, authorization, cookie, origin, referer
  case acceptLanguage = "accept-language"
  case contentType = "content-type"
  case idempotencyKey = "idempotency-key"
  case ifNoneMatch = "if-none-match"
  case secFetchDest = "sec-fetch-dest"
  case secFetchMode = "sec-fetch-mode"
  case secFetchSite = "sec-fetch-site"
  case userAgent = "user-agent"
}

/// A request that could not be read; enough of it for a log line and an error page.
package struct RefusedRequest: Sendable {
  package let id: String
  /// As sent and perhaps absurd: for the log only, and there only escaped.
  package let method: String
  package let target: String
  package let remoteAddress: String
  package let error: ClientError

  package init(
    id: String = RequestID.random(), method: String, target: String, remoteAddress: String,
    error: ClientError
  ) {
    self.id = id
    self.method = method
    self.target = target
    self.remoteAddress = remoteAddress
    self.error = error
  }
}

package enum RequestID {
  /// Sixteen hexadecimal digits of the system's random source.
  package static func random() -> String {
    var bits = UInt64.random(in: .min ... .max)
    return String(unsafeUninitializedCapacity: 16) { buffer in
      for index in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: bits & 0xF)
        buffer[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
        bits >>= 4
      }
      return 16
    }
  }
}
