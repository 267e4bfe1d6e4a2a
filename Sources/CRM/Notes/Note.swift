import Postgres

/// What somebody wrote down about a lead. It stays as it was written; what is wrong is struck out.
package struct Note: Sendable {
  package let id: ID<Note>
  package let lead: ID<Lead>
  package let leadTitle: String
  package let isLeadDeleted: Bool
  package let body: String
  package let authorName: String
  package let at: Timestamp
  package let struck: Struck?

  package struct Struck: Sendable {
    package let reason: String
    package let by: String
    package let at: Timestamp
  }

  package static let lengthMax = 10_000

  package static func find(_ id: ID<Note>, of lead: ID<Lead>) -> Query<Note?> {
    Query("Note.find", record(id, of: lead), one: Note.init(row:))
  }

  static func locked(_ id: ID<Note>, of lead: ID<Lead>) -> Query<Note?> {
    Query(
      "Note.locked", "\(record(id, of: lead)) for no key update of n", one: Note.init(row:))
  }

  private static func record(_ id: ID<Note>, of lead: ID<Lead>) -> SQL {
    """
    select n.id, l.id, l.title, l.deleted_at is not null, n.body, a.display_name, n.created_at,
           n.struck_at, n.struck_reason, s.display_name
    from notes n
    join leads x on x.tenant_id = n.tenant_id and x.id = n.lead_id
    join leads l on l.tenant_id = n.tenant_id and l.id = coalesce(x.merged_into, x.id)
    join memberships a on a.tenant_id = n.tenant_id and a.user_id = n.author_id
    left join memberships s on s.tenant_id = n.tenant_id and s.user_id = n.struck_by
    where n.id = \(id) and n.lead_id in \(Lead.family(of: lead))
    """
  }

  private init(row: inout Row) throws {
    id = try row.next()
    lead = try row.next()
    leadTitle = try row.next()
    isLeadDeleted = try row.next()
    body = try row.next()
    authorName = try row.next()
    at = try row.next()
    let struckAt = try row.next(optional: Timestamp.self)
    let reason = try row.next(optional: String.self)
    let by = try row.next(optional: String.self)
    struck = struckAt.map { Struck(reason: reason ?? "", by: by ?? "", at: $0) }
  }
}

extension Lead {
  /// Writes a note, and tells the colleagues that it mentions. A deleted lead gets none.
  package static func note(
    _ body: String, on id: ID<Lead>, as note: ID<Note> = ID(), in tx: Transaction<some Entry>
  ) throws {
    let (_, locked, members) = try tx.look(Lead.locked(id), Member.active)
    guard let lead = locked else { throw NotFound() }
    guard lead.life != .deleted else { throw Refusal.isDeleted }
    tx.run(
      "Note.add",
      """
      insert into notes (tenant_id, id, lead_id, body, author_id)
      values (app.tenant(), \(note), \(id), \(body), app.actor())
      """)
    let mentions = Mentions(in: body, among: members)
    tx.record(.noteAdded(note, on: id, mentions))
    for member in mentions.members {
      Notification.mentioned(member.id, in: note, on: id, in: tx)
    }
  }

  /// Strikes a note out: it stays to be read, with the reason.
  package static func strike(
    _ note: ID<Note>, on id: ID<Lead>, reason: String, in tx: Transaction<some Entry>
  ) throws {
    let (_, found) = try tx.look(Note.locked(note, of: id))
    guard let found else { throw NotFound() }
    guard !found.isLeadDeleted else { throw Refusal.isDeleted }
    guard found.struck == nil else { throw Refusal.alreadyThere }
    tx.run(
      "Note.strike",
      """
      update notes set struck_at = now(), struck_by = app.actor(), struck_reason = \(reason)
      where id = \(note)
      """)
    tx.record(.noteStruck(note, on: id, reason: reason))
  }
}
