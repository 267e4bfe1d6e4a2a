import Postgres

/// A word to one member about something that concerns them; nobody else reads it.
package struct Notification: Sendable {
  package let id: ID<Notification>
  package let kind: Kind
  package let lead: ID<Lead>?
  package let leadTitle: String?
  package let note: ID<Note>?
  package let operation: ID<Operation>?
  package let leadImport: ID<LeadImport>?
  package let fileName: String?
  /// How many leads or questions.
  package let count: Int?
  package let actorName: String?
  /// How the note begins, while it stands.
  package let excerpt: String?
  package let isRead: Bool
  package let at: Timestamp

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case mentioned, assigned
    case questionsReady = "questions_ready"
    case questionsFailed = "questions_failed"
    case importChecked = "import_checked"
    case importDone = "import_done"
    case importUndone = "import_undone"
    case importFailed = "import_failed"
  }

  package static let pageSize = 50

  /// Of the person asking, newest first, one row more than a page. A deleted lead is not named.
  package static func mine(before: ID<Notification>?) -> Query<[Notification]> {
    Query(
      "Notification.mine",
      """
      select x.id, x.kind, l.id, l.title, n.id, o.id, i.id, i.file_name, x.count, m.display_name, left(n.body, 200),
             x.read_at is not null, x.created_at
      from notifications x
      left join leads l on l.tenant_id = x.tenant_id and l.id = x.lead_id and l.deleted_at is null
      left join notes n on n.tenant_id = x.tenant_id and n.id = x.subject_id and n.lead_id = l.id
        and n.struck_at is null
      left join operations o on o.tenant_id = x.tenant_id and o.id = x.subject_id
      left join lead_imports i on i.tenant_id = x.tenant_id and i.id = x.subject_id
      left join memberships m on m.tenant_id = x.tenant_id and m.user_id = x.actor_id
      where x.user_id = (select app.actor()) and (\(before)::uuid is null or x.id < \(before))
      order by x.id desc limit 51
      """,
      all: { row in
        try Notification(
          id: row.next(), kind: row.next(), lead: row.next(optional: ID<Lead>.self),
          leadTitle: row.next(optional: String.self), note: row.next(optional: ID<Note>.self),
          operation: row.next(optional: ID<Operation>.self),
          leadImport: row.next(optional: ID<LeadImport>.self),
          fileName: row.next(optional: String.self), count: row.next(optional: Int.self),
          actorName: row.next(optional: String.self), excerpt: row.next(optional: String.self),
          isRead: row.next(), at: row.next())
      })
  }

  private static func locked(_ id: ID<Notification>) -> Query<ID<Notification>?> {
    Query(
      "Notification.locked",
      "select id from notifications where id = \(id) and user_id = (select app.actor()) for update",
      one: { try $0.next() })
  }

  package static func markRead(_ id: ID<Notification>, in tx: Transaction<some Entry>) throws {
    let (_, found) = try tx.look(locked(id))
    guard found != nil else { throw NotFound() }
    tx.run(
      "Notification.markRead",
      "update notifications set read_at = now() where id = \(id) and read_at is null")
  }

  /// A lead, a note, an operation or an import.
  package enum Subject {}

  /// All that speaks of this, to the person asking.
  package static func markRead(about subject: ID<Subject>, in tx: Transaction<some Entry>) {
    tx.run(
      "Notification.markReadAbout",
      """
      update notifications set read_at = now()
      where user_id = (select app.actor()) and read_at is null and (lead_id = \(subject) or subject_id = \(subject))
      """)
  }

  package static func markAllRead(in tx: Transaction<some Entry>) {
    tx.run(
      "Notification.markAllRead",
      """
      update notifications set read_at = now()
      where user_id = (select app.actor()) and read_at is null
      """)
  }

  /// Tells a colleague that a note speaks of them; nobody tells themselves.
  static func mentioned(
    _ member: ID<User>, in note: ID<Note>, on lead: ID<Lead>, in tx: Transaction<some Entry>
  ) {
    tx.run(
      "Notification.mentioned",
      """
      insert into notifications (tenant_id, id, user_id, kind, lead_id, subject_id)
      select app.tenant(), \(ID<Notification>()), \(member), 'mentioned', \(lead), \(note)
      where \(member) <> (select app.actor())
      """)
  }
}

extension Transaction {
  /// Tells a member once of the leads that are theirs now; who took them themselves is not told.
  func notifyOwner(_ owner: ID<User>, of leads: [ID<Lead>]) {
    run(
      "Notification.assigned",
      """
      insert into notifications (tenant_id, id, user_id, kind, lead_id, subject_id, count)
      select app.tenant(), \(ID<Notification>()), \(owner), 'assigned', \(leads.count == 1 ? leads[0] : nil),
             nullif(current_setting('app.operation', true), '')::uuid, \(leads.count)
      where \(owner) <> (select app.actor())
      """)
  }
}
