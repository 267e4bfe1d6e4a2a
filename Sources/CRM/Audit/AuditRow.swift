import Postgres

/// One line of the audit log: who did what to which subject, and what a field was before.
///
/// The database writes the actor itself (`app.stamp_audit`), so nobody signs with another's name.
package enum AuditRow {}

extension Transaction {
  package func audit<Subject>(
    _ action: String, of subjectType: String, _ subject: ID<Subject>,
    field: String? = nil, from old: String? = nil, to new: String? = nil
  ) {
    run(
      "AuditRow.add",
      """
      insert into audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
      values (app.tenant(), \(ID<AuditRow>()), \(action), \(subjectType), \(subject),
              \(field), \(old), \(new))
      """)
  }
}

extension AuditRow {
  /// Who changed the subject last, as the log says; empty for the system.
  package static func lastActor<Subject>(on subject: ID<Subject>) -> Query<String?> {
    Query(
      "AuditRow.lastActor",
      """
      select coalesce(m.display_name, '') from audit_log a
      left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
      where a.subject_id = \(subject) order by a.id desc limit 1
      """, one: { try $0.next() })
  }
}
