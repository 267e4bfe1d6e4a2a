import Postgres

/// A content as it was submitted once; kept for ever, whatever became of the draft.
package struct SubmittedContent: Sendable {
  package let draft: ID<Draft>
  package let version: Int
  package let manifest: [UInt8]
  package let at: Timestamp
  /// When these bytes went out, where they did.
  package let sentAt: Timestamp?

  /// What was submitted with this hash; what a reviewer who names the hash was looking at.
  package static func with(_ hash: [UInt8], of draft: ID<Draft>) -> Query<SubmittedContent?> {
    Query(
      "SubmittedContent.with",
      "\(record) where c.draft_id = \(draft) and c.content_sha256 = \(hash)",
      one: SubmittedContent.init(row:))
  }

  /// What was submitted of the same document the time before; the same bytes again where nothing
  /// changed. A content is kept once, so the order is that of the events.
  package static func before(_ draft: ID<Draft>) -> Query<SubmittedContent?> {
    Query(
      "SubmittedContent.before",
      """
      \(record)
      join (
        select o.id, decode(e.payload ->> 'content_sha256', 'hex') as content_sha256
        from drafts now
        join outbox_events e on e.tenant_id = now.tenant_id and e.aggregate_type = 'lead'
          and e.aggregate_id = now.lead_id and e.type = 'DraftSubmitted'
        join drafts o on o.tenant_id = now.tenant_id and o.document_id = now.document_id
          and o.id = (e.payload ->> 'draft')::uuid
        where now.id = \(draft)
        order by e.aggregate_seq desc offset 1 limit 1
      ) earlier on earlier.id = c.draft_id and earlier.content_sha256 = c.content_sha256
      """, one: SubmittedContent.init(row:))
  }

  private static let record: SQL = """
    select c.draft_id, d.version, c.manifest, c.created_at,
      case when d.content_sha256 = c.content_sha256 then d.sent_at end
    from draft_contents c join drafts d on d.tenant_id = c.tenant_id and d.id = c.draft_id
    """

  private init(row: inout Row) throws {
    draft = try row.next()
    version = try row.next()
    manifest = try row.next()
    at = try row.next()
    sentAt = try row.next(optional: Timestamp.self)
  }
}
