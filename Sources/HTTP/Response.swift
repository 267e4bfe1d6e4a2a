import HTTPTypes
import Spool

/// A header value that would change the meaning of the bytes after it, or a name that is not ours
/// to set. Always a mistake in the program, so it ends as a 500 and never on the wire.
package struct InvalidHeader: Error, CustomStringConvertible {
  package let name: String

  package var description: String { "the response header \(name) may not be sent like this" }
}

/// An answer: status, headers and a body that is there.
package struct Response: Sendable {
  package struct Header: Sendable {
    package let name: HTTPField.Name
    package let value: String
  }

  package var status: HTTPResponse.Status
  package private(set) var headers: [Header] = []
  package let body: Bytes

  package init(status: HTTPResponse.Status, body: Bytes = Bytes()) {
    self.status = status
    self.body = body
  }

  package static func html(_ body: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
    Response(status: status, type: "text/html; charset=utf-8", body: Bytes(body))
  }

  package static func text(_ body: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(status: status, type: "text/plain; charset=utf-8", body: Bytes(Array(body.utf8)))
  }

  /// 303: the browser fetches `path` with GET. Throws unless it is a path on this site.
  package static func seeOther(_ path: String) throws(InvalidHeader) -> Response {
    let bytes = path.utf8
    guard bytes.first == ASCII.slash, bytes.dropFirst().first != ASCII.slash,
      bytes.allSatisfy({ ASCII.isVisible($0) && $0 != ASCII.backslash })
    else { throw InvalidHeader(name: "Location") }
    var response = Response(status: .seeOther)
    try response.add(.location, path)
    return response
  }

  /// For values that stand in the source.
  private init(status: HTTPResponse.Status, type: String, body: Bytes) {
    self.init(status: status, body: body)
    headers.append(Header(name: .contentType, value: type))
  }

  /// Adds a header line. Throws for a value with any byte below 0x20 or 0x7F: HTTPField would
  /// silently replace them, and a bare LF in a Location has become a Set-Cookie line behind nginx.
  package mutating func add(_ name: HTTPField.Name, _ value: String) throws(InvalidHeader) {
    guard !value.utf8.contains(where: { $0 < ASCII.space || $0 == ASCII.delete }),
      !Self.isReserved(name)
    else { throw InvalidHeader(name: name.rawName) }
    headers.append(Header(name: name, value: value))
  }

  /// Replaces every line of this name.
  package mutating func set(_ name: HTTPField.Name, _ value: String) throws(InvalidHeader) {
    headers.removeAll { $0.name == name }
    try add(name, value)
  }

  package mutating func add(_ cookie: Cookie) throws(InvalidHeader) {
    try add(.setCookie, try cookie.headerValue())
  }

  /// The first value of this name.
  package func header(_ name: HTTPField.Name) -> String? {
    headers.first { $0.name == name }?.value
  }

  /// The length belongs to whoever writes the body; `Status` would be read by nginx as the status,
  /// `X-Accel-*` as orders to serve internal files.
  private static func isReserved(_ name: HTTPField.Name) -> Bool {
    let lowercase = name.canonicalName
    return ["content-length", "transfer-encoding", "connection", "status"].contains(lowercase)
      || lowercase.utf8.starts(with: "x-accel-".utf8)
  }
}
