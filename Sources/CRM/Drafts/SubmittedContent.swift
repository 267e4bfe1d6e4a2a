import Postgres

/// A content as it was submitted once; kept for ever, whatever became of the draft.
package struct SubmittedContent: Sendable {
  package let draft: ID<Draft>
  package let version: Int
  package let manifest: [UInt8]
  package let at: Timestamp

  /// What was submitted with this hash; what a reviewer who names the hash was looking at.
  package static func with(_ hash: [UInt8], of draft: ID<Draft>) -> Query<SubmittedContent?> {
    Query(
      "SubmittedContent.with",
      "\(record) where c.draft_id = \(draft) and c.content_sha256 = \(hash)",
      one: SubmittedContent.init(row:))
  }

  /// What was submitted of the same document before what `draft` says now.
  package static func before(_ draft: ID<Draft>) -> Query<SubmittedContent?> {
    Query(
      "SubmittedContent.before",
      """
      \(record)
      join drafts now on now.tenant_id = d.tenant_id and now.document_id = d.document_id
      where now.id = \(draft) and c.content_sha256 is distinct from now.content_sha256
      order by c.created_at desc limit 1
      """, one: SubmittedContent.init(row:))
  }

  private static let record: SQL = """
    select c.draft_id, d.version, c.manifest, c.created_at
    from draft_contents c join drafts d on d.tenant_id = c.tenant_id and d.id = c.draft_id
    """

  private init(row: inout Row) throws {
    draft = try row.next()
    version = try row.next()
    manifest = try row.next()
    at = try row.next()
  }
}
