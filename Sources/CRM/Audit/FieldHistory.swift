import Postgres

/// One field of a lead as it changed: what it was and became, by whom.
package struct FieldHistory: Sendable {
  package let id: ID<FieldHistory>
  package let field: String
  package let old: String?
  package let new: String?
  /// Nil for the system.
  package let actorName: String?
  package let at: Timestamp

  package static let pageSize = 50

  /// Newest first, one row more than a page; long texts cut, an owner by name.
  package static func of(_ lead: ID<Lead>, before: ID<FieldHistory>?) -> Query<[FieldHistory]> {
    Query(
      "FieldHistory.of",
      """
      select a.id, a.field, coalesce(was.display_name, left(a.old, 300)),
             coalesce(became.display_name, left(a.new, 300)), m.display_name, a.created_at
      from audit_log a
      left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
      left join memberships was on a.field = 'owner' and was.tenant_id = a.tenant_id
        and was.user_id = case when a.field = 'owner' then a.old::uuid end
      left join memberships became on a.field = 'owner' and became.tenant_id = a.tenant_id
        and became.user_id = case when a.field = 'owner' then a.new::uuid end
      where a.subject_id in \(Lead.family(of: lead)) and a.field is not null
        and (\(before)::uuid is null or a.id < \(before))
      order by a.id desc limit 51
      """,
      all: { row in
        try FieldHistory(
          id: row.next(), field: row.next(), old: row.next(optional: String.self),
          new: row.next(optional: String.self), actorName: row.next(optional: String.self),
          at: row.next())
      })
  }
}
