import Postgres

/// The numbers in the navigation, capped so that they never cost more than a page's rows.
package struct DeskCounts: Sendable {
  package let waitingForReview: Int
  package let deliveriesThatStandStill: Int

  package static let cap = 500
}

extension Session {
  /// Enters, and counts what waits for the person who entered.
  package var enterDesk: Query<(viewer: Viewer, counts: DeskCounts)> {
    Query(
      "Session.enterDesk",
      """
      select e.*,
             (select count(*) from (
                select from drafts d
                where d.tenant_id = e.tenant_id and d.status = 'under_review'
                  and e.user_id not in (d.author_id, d.last_editor_id)
                limit \(DeskCounts.cap + 1)) waiting),
             (select count(*) from (
                select from deliveries x
                where x.tenant_id = e.tenant_id and x.state in ('uncertain', 'blocked', 'dead')
                limit \(DeskCounts.cap + 1)) still)
      from (\(enter.sql)) e
      """,
      only: { row in
        let viewer = try Viewer(row: &row)
        return (
          viewer,
          DeskCounts(waitingForReview: try row.next(), deliveriesThatStandStill: try row.next())
        )
      })
  }
}
