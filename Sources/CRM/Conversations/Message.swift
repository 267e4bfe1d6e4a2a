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

/// A conversation with a lead over one channel; the subject of `ID<Thread>`.
package enum Thread {}
