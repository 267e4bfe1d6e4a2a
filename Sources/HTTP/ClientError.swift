import HTTPTypes

/// A request that is wrong by itself, whoever sent it; the site answers it with an error page.
package struct ClientError: Error, Equatable {
  package let status: HTTPResponse.Status

  /// For the log. Written by us and never holding what the client sent.
  package let reason: String

  /// With 405 only: what the `Allow` header must list.
  package let allowedMethods: [HTTPRequest.Method]

  private init(
    _ status: HTTPResponse.Status, _ reason: String, allowing methods: [HTTPRequest.Method] = []
  ) {
    self.status = status
    self.reason = reason
    self.allowedMethods = methods
  }

  package static func badRequest(_ reason: String) -> Self { Self(.badRequest, reason) }

  package static func notFound(_ reason: String = "no such page") -> Self {
    Self(.notFound, reason)
  }

  package static func methodNotAllowed(_ methods: [HTTPRequest.Method]) -> Self {
    Self(.methodNotAllowed, "method not allowed", allowing: methods)
  }

  package static func lengthRequired(_ reason: String) -> Self { Self(.lengthRequired, reason) }

  package static func contentTooLarge(_ reason: String) -> Self { Self(.contentTooLarge, reason) }

  /// Not wrong at all, but too long for what room there is at this moment.
  package static func noRoom(_ reason: String) -> Self { Self(.serviceUnavailable, reason) }

  package static func targetTooLong(_ reason: String) -> Self { Self(.uriTooLong, reason) }

  package static func unsupportedMediaType(_ reason: String) -> Self {
    Self(.unsupportedMediaType, reason)
  }

  package static func headerTooLarge(_ reason: String) -> Self {
    Self(.requestHeaderFieldsTooLarge, reason)
  }
}
