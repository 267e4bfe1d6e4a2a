import Postgres
import Secrets

/// A form that was posted: a session, and a key that makes the post count once.
///
/// The key is claimed in the same transaction as the work. A second post of the same form waits for
/// the first to end and is then answered with where the first one went.
package struct Posting: Entry {
  private let session: Session
  private let key: ID<Posting>

  /// `once` stands in the form. Several forms of a page share it, so `path` tells them apart; and who
  /// goes back, writes something else and posts again means it, so what is `written` counts as well.
  package init(_ session: Session, path: String, once: String, written: String) {
    self.session = session
    key = ID(digest: Sodium.sha256(Array("\(path)\n\(once)\n\(written)".utf8)))
  }

  /// Thrown by the first look of a post that was made before.
  package struct AlreadyPosted: Error {
    /// Where the first one went; nil while it has not said.
    package let location: String?
  }

  package var enter: Query<Viewer> {
    Query(
      "Posting.enter",
      """
      select e.*, o.is_new, o.location
      from (\(session.enter.sql)) e cross join lateral app.once(\(key), e.tenant_id) o
      """,
      only: { row in
        let viewer = try Viewer(row: &row)
        let isNew: Bool = try row.next()
        let location = try row.next(optional: String.self)
        guard isNew else { throw AlreadyPosted(location: location) }
        return viewer
      })
  }

  /// Remembers where the post went, in its own transaction.
  package func settle(at location: String, in tx: Transaction<some Entry>) {
    tx.run(
      "Posting.settle",
      """
      update idempotency_keys set location = \(location)
      where tenant_id = (select app.tenant()) and user_id = app.actor() and key = \(key)
      """)
  }
}
