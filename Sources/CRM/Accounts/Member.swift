import Postgres

/// Somebody who belongs to the tenant, as its members see them.
package struct Member: Sendable {
  package let id: ID<User>
  package let name: String

  /// Everybody a lead can be given to, by name.
  package static let active = Query<[Member]>(
    "Member.active",
    "select user_id, display_name from memberships where disabled_at is null order by display_name, user_id",
    all: { row in try Member(id: row.next(), name: row.next()) })
}
