import HTTP
import HTTPTypes

/// Turns what libfcgi read into a ``Request``, or into the reason why not.
struct RequestReader: Sendable {
  let bodyBytesMax: Int
  let discardedBytesMax: Int

  enum Outcome {
    case request(Request)
    case refused(RefusedRequest)
    /// Nobody is left to answer.
    case broken
  }

  func read(from connection: Connection) -> Outcome {
    let parameters = Parameters(of: connection)
    let body = connection.readBody(
      bytesMax: bodyBytesMax, discardedBytesMax: discardedBytesMax,
      expecting: parameters.contentLength ?? 0)
    if case .broken = body { return .broken }
    do throws(ClientError) {
      return .request(try request(parameters, body))
    } catch {
      return .refused(
        RefusedRequest(
          method: parameters.method, target: parameters.target,
          remoteAddress: parameters.remoteAddress, error: error))
    }
  }

  private func request(
    _ parameters: Parameters, _ body: Connection.Body
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
