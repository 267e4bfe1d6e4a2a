import Postgres

/// One line of the audit log: who did what to which subject, and what a field was before.
///
/// The database writes the actor itself (`app.stamp_audit`), so nobody signs with another's name.
package struct AuditRow: Sendable {
  private let id = ID<AuditRow>()
  private let action: String
  private let subjectType: String
  private let subject: String
  private let change: FieldChange?

  package init<Subject>(
    _ action: String, of subjectType: String, _ subject: ID<Subject>, _ change: FieldChange? = nil
  ) {
    self.action = action
    self.subjectType = subjectType
    self.subject = subject.description
    self.change = change
  }

  fileprivate static func add(_ rows: [AuditRow]) -> SQL {
    """
    insert into audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
    select app.tenant(), r.* from unnest(
      \(SQL.ids(rows.map(\.id))), \(SQL.texts(rows.map(\.action))),
      \(SQL.texts(rows.map(\.subjectType))), \(SQL.TextArray(rows.map(\.subject)))::uuid[],
      \(SQL.texts(rows.map(\.change?.field))), \(SQL.texts(rows.map(\.change?.old))),
      \(SQL.texts(rows.map(\.change?.new)))) r
    """
  }
}

extension Transaction {
  /// Writes the rows in one statement.
  package func audit(_ rows: [AuditRow]) {
    guard !rows.isEmpty else { return }
    run("AuditRow.add", AuditRow.add(rows))
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
