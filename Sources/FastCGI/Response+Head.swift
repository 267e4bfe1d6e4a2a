import HTTP
import HTTPTypes
import Spool

extension Response {
  /// Writes status and headers as CGI asks for them, up to and with the empty line.
  ///
  /// The length is that of the body GET would have, also for HEAD; 1xx, 204 and 304 have none.
  func appendHead(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "Status: \(status.code) \(status.reasonPhrase)\r\n".utf8)
    for header in headers {
      bytes.append(contentsOf: header.name.rawName.utf8)
      bytes.append(contentsOf: ": ".utf8)
      bytes.append(contentsOf: header.value.utf8)
      bytes.append(contentsOf: "\r\n".utf8)
    }
    if mayHaveBody { bytes.append(contentsOf: "Content-Length: \(body.count)\r\n".utf8) }
    bytes.append(contentsOf: "\r\n".utf8)
  }

  var mayHaveBody: Bool { status.code >= 200 && status.code != 204 && status.code != 304 }
}
