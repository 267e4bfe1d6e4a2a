import Postgres
import Secrets

/// A signed-in visit: the way into a tenant for one transaction.
package struct Session: Entry {
  private let tokenHash: [UInt8]
  private let permission: Permission?
  private let requestID: String

  /// `permission` is what the route asks for; nil asks only for a session.
  package init(_ token: Token, may permission: Permission?, requestID: String) {
    tokenHash = token.digest
    self.permission = permission
    self.requestID = requestID
  }

  package var enter: Query<Viewer> {
    Query(
      "Session.enter",
      """
      select tenant_id, user_id, roles, name, tenant_name, locale, currency, entered_at, is_touch_due
      from app.enter(\(tokenHash), \(permission), \(requestID), false)
      """, only: Viewer.init)
  }

  /// Enters, and counts what waits for the person who entered.
  package var enterDesk: Query<(viewer: Viewer, counts: DeskCounts)> {
    Query(
      "Session.enterDesk",
      """
      select tenant_id, user_id, roles, name, tenant_name, locale, currency, entered_at, is_touch_due,
             waiting_drafts, still_deliveries, unread_notifications
      from app.enter(\(tokenHash), \(permission), \(requestID), true)
      """,
      only: { row in
        let viewer = try Viewer(row: &row)
        return (
          viewer,
          DeskCounts(
            waitingForReview: try row.next(), deliveriesThatStandStill: try row.next(),
            unreadNotifications: try row.next())
        )
      })
  }

  /// Keeps the session from going idle.
  package var touch: Query<Void> {
    Query("Session.touch", "select app.touch_session(\(tokenHash))")
  }

  package var close: Query<Void> {
    Query("Session.close", "select app.close_session(\(tokenHash))")
  }
}

/// Why `app.enter` let nobody in.
package enum EntryRefusal: Error {
  case noSession
  case notPermitted

  /// Reads the SQLSTATE of `app.enter`.
  package init?(_ error: PostgresError) {
    switch error.sqlState {
    case "CF401": self = .noSession
    case "CF403": self = .notPermitted
    default: return nil
    }
  }
}
