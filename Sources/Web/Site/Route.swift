import CRM
import HTTP
import HTTPTypes

/// Who a route is for. There is no default: each route says it.
package enum Audience: Sendable {
  /// Nobody has to be signed in; the page may not know who looks.
  case everyone
  /// Any member of a tenant.
  case member
  /// Members whose role has the permission.
  case may(Permission)
}

/// What answers a route.
package struct Answer: Sendable {
  package let audience: Audience
  /// For uploads; nil for what a form of text needs.
  var bodyBytesMax: Int?
  let handler: @Sendable (Visit) throws -> Response
}

extension Router where Handler == Answer {
  mutating func get(
    _ pattern: String, _ audience: Audience,
    _ handler: @escaping @Sendable (Visit) throws -> Response
  ) {
    add(.get, pattern, Answer(audience: audience, handler: handler))
  }

  mutating func post(
    _ pattern: String, _ audience: Audience, bodyBytesMax: Int? = nil,
    _ handler: @escaping @Sendable (Visit) throws -> Response
  ) {
    add(.post, pattern, Answer(audience: audience, bodyBytesMax: bodyBytesMax, handler: handler))
  }
}
