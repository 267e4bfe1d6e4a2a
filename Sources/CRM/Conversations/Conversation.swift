import Markdown
import Postgres

/// One message of a lead's conversation, in or out, with the thread it belongs to.
package struct ConversationMessage: Sendable {
  package let id: ID<ConversationMessage>
  package let thread: ID<ConversationThread>
  package let channel: ConversationThread.Channel
  package let subject: String?
  package let isClosed: Bool
  package let isAwaitingReply: Bool
  package let role: Role
  package let content: String
  /// The letter that it was.
  package let draft: ID<Draft>?
  package let draftSubject: String?
  /// Who wrote it down; nil for the system.
  package let actorName: String?
  package let at: Timestamp

  package enum Role: String, CaseIterable, Sendable, SQLReadable {
    case lead, `operator`, ai, system
  }

  package static let pageSize = 30

  /// Newest first, one row more than a page.
  package static func latest(
    of lead: ID<Lead>, before: ID<ConversationMessage>?
  ) -> Query<[ConversationMessage]> {
    Query(
      "ConversationMessage.latest",
      """
      select x.id, t.id, t.channel, t.subject, t.status = 'closed', t.awaiting_reply, x.role,
             left(x.content, 1200), d.id, d.subject, m.display_name, x.created_at
      from threads t
      join messages x on x.tenant_id = t.tenant_id and x.thread_id = t.id
      left join memberships m on m.tenant_id = x.tenant_id and m.user_id = x.actor_id
      left join drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
      where t.lead_id in \(Lead.family(of: lead)) and (\(before)::uuid is null or x.id < \(before))
      order by x.id desc limit 31
      """,
      all: { row in
        try ConversationMessage(
          id: row.next(), thread: row.next(), channel: row.next(),
          subject: row.next(optional: String.self), isClosed: row.next(),
          isAwaitingReply: row.next(), role: row.next(), content: row.next(),
          draft: row.next(optional: ID<Draft>.self),
          draftSubject: row.next(optional: String.self),
          actorName: row.next(optional: String.self), at: row.next())
      })
  }
}

extension ConversationMessage {
  /// How it begins, as people read it: a letter as its plain-text part.
  package var words: String {
    guard draft != nil else { return content }
    // Cut off in the middle it may be no text any more; then it stays as it is.
    return (try? Document(parsing: content).plainText()) ?? content
  }
}

/// A line of talk with a lead over one channel.
package enum ConversationThread {
  package enum Channel: String, CaseIterable, Sendable, SQLReadable {
    case email, sms, phone, form
  }
}
