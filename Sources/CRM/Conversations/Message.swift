import Postgres

/// Something said in a conversation with a lead.
package struct Message: Sendable {
  package enum Role: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case lead, `operator`, ai, system
  }

  /// The longest that is kept.
  package static let lengthMax = 20_000

  /// The lead's first words: a thread of its own that waits for a reply.
  static func begin(_ content: String, from lead: ID<Lead>, in tx: Transaction<some Entry>) {
    let thread = ID<Thread>()
    let id = ID<Message>()
    tx.run(
      "Thread.begin",
      """
      insert into threads (tenant_id, id, lead_id, channel, awaiting_reply)
      values (app.tenant(), \(thread), \(lead), 'form', true)
      """)
    tx.run(
      "Message.add",
      """
      insert into messages (tenant_id, id, thread_id, role, content)
      values (app.tenant(), \(id), \(thread), \(Role.lead), \(content))
      """)
    tx.record(.messageReceived(lead, message: id))
  }
}

extension Lead {
  /// Notes that somebody got back to them without a letter, by telephone say: they wait no longer.
  package func markAnswered(reason: String?, in tx: Transaction<some Entry>) throws {
    guard isAwaitingReply else { throw Refusal.alreadyThere }
    tx.run(
      "Thread.answered",
      "update threads set awaiting_reply = false where lead_id in \(Lead.family(of: id)) and awaiting_reply"
    )
    tx.run("Lead.contacted", "update leads set last_contact_at = now() where id = \(id)")
    tx.record(.answeredOtherwise(id, reason: reason))
    if contactStatus == .new {
      try setContactStatus(to: .contacted, by: .rule, reason: nil, in: tx)
    }
  }
}

/// A lead that wrote and was not answered yet.
package struct AwaitedReply: Sendable {
  package let lead: ID<Lead>
  package let title: String
  package let company: String?
  /// What they wrote last, and how it begins.
  package let words: String
  package let since: Timestamp

  /// Of the person asking, the longest waiting first, 11 at most.
  package static let mine = Query<[AwaitedReply]>(
    "AwaitedReply.mine",
    """
    select a.id, a.title, a.company, left(x.content, 200), x.created_at
    from (
      select l.tenant_id, l.id, l.title, l.company, min(t.created_at) as since
      from threads t
      join leads w on w.tenant_id = t.tenant_id and w.id = t.lead_id
      join leads l on l.tenant_id = w.tenant_id and l.id = case when w.merged_into is null then w.id else w.merged_into end
      where t.awaiting_reply and l.owner_id = (select app.actor())
        and l.outcome = 'open' and l.archived_at is null and l.deleted_at is null
      group by l.tenant_id, l.id order by since, l.id limit 11) a
    cross join lateral (
      select m.content, m.created_at from threads t
      join messages m on m.tenant_id = t.tenant_id and m.thread_id = t.id and m.role = 'lead'
      where t.awaiting_reply
        and t.lead_id in (select f.id from leads f where f.id = a.id or f.merged_into = a.id)
      order by m.id desc limit 1) x
    order by a.since, a.id
    """,
    all: { row in
      try AwaitedReply(
        lead: row.next(), title: row.next(), company: row.next(optional: String.self),
        words: row.next(), since: row.next())
    })
}

/// A conversation with a lead over one channel; the subject of `ID<Thread>`.
package enum Thread {}
