import Postgres

/// A person who signs in; the subject of `ID<User>`.
package enum User {}

/// The member a request acts for, as `app.enter` found them.
package struct Viewer: Sendable {
  package let tenant: ID<Tenant>
  package let id: ID<User>
  package let roles: [Role]
  package let name: String
  package let tenantName: String
  /// `en` or `fr`.
  package let locale: String
  package let currency: Currency
  /// The transaction's time, in the viewer's zone.
  package let now: Timestamp
  /// More than a minute since the session was last kept alive.
  package let isTouchDue: Bool

  init(row: inout Row) throws {
    tenant = try row.next()
    id = try row.next()
    let codes: CodeArray = try row.next()
    roles = codes.elements.compactMap(Role.init)
    name = try row.next()
    tenantName = try row.next()
    locale = try row.next()
    currency = try row.next()
    now = try row.next()
    isTouchDue = try row.next()
  }

  package func may(_ permission: Permission) -> Bool {
    roles.contains { $0.permissions.contains(permission) }
  }
}
