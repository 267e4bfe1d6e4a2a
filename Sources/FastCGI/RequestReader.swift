import HTTP
import HTTPTypes
import Spool

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
    let body = body(of: connection, bytesMax: bodyBytesMax, parameters.contentLength ?? 0)
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

  private func body(of connection: Connection, bytesMax: Int, _ length: Int) -> Connection.Body {
    let discardedBytesMax = max(settings.discardedBytesMax, bytesMax)
    do throws(SpoolFailure) {
      let isShort = length <= settings.bodyBytesMax || length > bytesMax
      let file = isShort ? nil : try settings.spool.file()
      return connection.readBody(
        bytesMax: isShort ? settings.bodyBytesMax : bytesMax, discardedBytesMax: discardedBytesMax,
        expecting: length, into: file)
    } catch {
      let rest = connection.readBody(
        bytesMax: 0, discardedBytesMax: discardedBytesMax, expecting: 0, into: nil)
      if case .broken = rest { return .broken }
      return .noRoom(error)
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
    if case .noRoom(let failure) = body { throw .noRoom("\(failure)") }
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
