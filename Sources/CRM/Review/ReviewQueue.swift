import Postgres

/// A draft that waits for a reviewer.
package struct WaitingDraft: Sendable {
  package let id: ID<Draft>
  package let leadTitle: String
  package let company: String?
  package let isSuppressed: Bool
  package let type: Draft.Kind
  package let version: Int
  package let subject: String
  package let authorName: String
  package let submittedAt: Timestamp
  /// Written, last edited or asked for by the viewer: somebody else decides on it.
  package let isOwn: Bool
}

package enum ReviewQueue {
  package static let pageSize = 50

  /// Longest waiting first, from `after` on; one row more than a page.
  package static func rows(after: ID<Draft>?) -> Query<[WaitingDraft]> {
    Query(
      "ReviewQueue.rows",
      """
      \(record) \(start(after)) order by d.submitted_at, d.id limit 51
      """, all: WaitingDraft.init(row:))
  }

  /// The card that follows `draft` in the queue of somebody who did not write it.
  package static func next(after draft: ID<Draft>?) -> Query<ID<Draft>?> {
    Query(
      "ReviewQueue.next",
      """
      select d.id from drafts d
      where d.status = 'under_review' \(start(draft)) and not \(isOwn)
      order by d.submitted_at, d.id limit 1
      """, one: { try $0.next() })
  }

  private static let record: SQL = """
    select d.id, l.title, l.company, l.suppressed_at is not null, d.type, d.version, d.subject, a.display_name,
           d.submitted_at,
           \(isOwn)
    from drafts d
    join leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    join memberships a on a.tenant_id = d.tenant_id and a.user_id = d.author_id
    where d.status = 'under_review'
    """

  private static let isOwn: SQL =
    "((select app.actor()) in (d.author_id, d.last_editor_id, d.requested_by) is true)"

  /// From the beginning where the draft that the page starts after waits no more.
  private static func start(_ after: ID<Draft>?) -> SQL {
    guard let after else { return "" }
    return """
      and (d.submitted_at > \(submitted(after))
           or d.submitted_at = \(submitted(after)) and d.id > \(after))
      """
  }
}

extension ReviewQueue {
  private static func submitted(_ draft: ID<Draft>) -> SQL {
    "coalesce((select submitted_at from drafts where id = \(draft)), '-infinity')"
  }
}

extension WaitingDraft {
  fileprivate init(row: inout Row) throws {
    id = try row.next()
    leadTitle = try row.next()
    company = try row.next(optional: String.self)
    isSuppressed = try row.next()
    type = try row.next()
    version = try row.next()
    subject = try row.next()
    authorName = try row.next()
    submittedAt = try row.next()
    isOwn = try row.next()
  }
}
