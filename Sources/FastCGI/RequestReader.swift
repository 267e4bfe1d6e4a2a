import HTTP
import HTTPTypes

/// Turns what libfcgi read into a ``Request``, or into the reason why not.
struct RequestReader: Sendable {
  let settings: ListenerSettings

  enum Outcome {
    case request(Request)
    case refused(RefusedRequest)
    /// Nobody is left to answer.
    case broken
  }

  func read(from connection: Connection) -> Outcome {
    let parameters = Parameters(of: connection)
    let bodyBytesMax = bodyBytesMax(parameters)
    let body = connection.readBody(
      bytesMax: bodyBytesMax, discardedBytesMax: max(settings.discardedBytesMax, bodyBytesMax),
      expecting: parameters.contentLength ?? 0)
    if case .broken = body { return .broken }
    do throws(ClientError) {
      return .request(try request(parameters, body, bodyBytesMax))
    } catch {
      return .refused(
        RefusedRequest(
          method: parameters.method, target: parameters.target,
          remoteAddress: parameters.remoteAddress, error: error))
    }
  }

  private func bodyBytesMax(_ parameters: Parameters) -> Int {
    guard parameters.method == "POST", !settings.longBodies.isEmpty else {
      return settings.bodyBytesMax
    }
    let path = String(Substring(parameters.target.utf8.prefix { $0 != UInt8(ascii: "?") }))
    return settings.longBodies[path] ?? settings.bodyBytesMax
  }

  private func request(
    _ parameters: Parameters, _ body: Connection.Body, _ bodyBytesMax: Int
  ) throws(ClientError) -> Request {
    if let error = parameters.error { throw error }
    guard let length = parameters.contentLength else {
      throw .badRequest("the content length is not a number")
    }
    guard case .whole(let bytes) = body, length <= bodyBytesMax else {
      throw .contentTooLarge("the body is too long")
    }
    guard bytes.count == length else {
      throw .badRequest("the body is not as long as announced")
    }
    return try Request(
      method: parameters.requestMethod, target: parameters.target, headers: parameters.headers,
      body: bytes, remoteAddress: parameters.remoteAddress, host: parameters.host,
      isSecure: parameters.isSecure)
  }
}
