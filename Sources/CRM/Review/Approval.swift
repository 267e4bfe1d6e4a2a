import Postgres
import Secrets

/// One reviewer's decision on one exact content.
package struct Approval: Sendable {
  package let id: ID<Approval>
  package let draft: ID<Draft>
  package let version: Int
  package let decision: Decision
  package let reviewerName: String
  package let comment: String?
  package let at: Timestamp

  package enum Decision: String, Sendable, SQLValue, SQLReadable {
    case approved, rejected
    case changesRequested = "changes_requested"
  }

  /// Why the business says no.
  package enum Refusal: Error, Equatable {
    /// The draft is not what the reviewer saw: decided already, withdrawn, or changed. Nothing was
    /// decided; the page shows what is there now.
    case notWhatWasSeen
    /// The author, the last editor and whoever asked the AI do not approve.
    case ownDraft
    case notReviewer
    case commentNeeded
  }

  /// The decisions on a document's versions, newest first.
  package static func all(ofDocumentWith draft: ID<Draft>) -> Query<[Approval]> {
    Query(
      "Approval.all",
      """
      select p.id, p.draft_id, p.version, p.decision, m.display_name, p.comment, p.created_at
      from approvals p
      join drafts d on d.tenant_id = p.tenant_id and d.id = p.draft_id
      join memberships m on m.tenant_id = p.tenant_id and m.user_id = p.reviewer_id
      where d.document_id = (select document_id from drafts where id = \(draft))
      order by p.id desc
      """,
      all: { row in
        try Approval(
          id: row.next(), draft: row.next(), version: row.next(), decision: row.next(),
          reviewerName: row.next(), comment: row.next(optional: String.self), at: row.next())
      })
  }
}

extension Approval {
  /// Decides on the draft whose content hash the reviewer was shown. The approval, the status, the
  /// event, the delivery, the timeline and the audit row commit together or not at all; the database
  /// checks the same rules again (`app.keep_approval`, `app.check_decision_recorded`). Returns the
  /// draft that waits next in the reviewer's queue.
  @discardableResult
  package static func decide(
    _ decision: Decision, on id: ID<Draft>, seen hash: [UInt8], comment: String?,
    in tx: Transaction<some Entry>
  ) throws -> ID<Draft>? {
    let (_, found, next) = try tx.look(Draft.locked(id), ReviewQueue.next(after: id))
    guard let draft = found else { throw NotFound() }
    guard draft.status == .underReview, draft.contentHash == hash else {
      throw Refusal.notWhatWasSeen
    }
    guard decision == .approved || comment != nil else { throw Refusal.commentNeeded }

    let approval = ID<Approval>()
    tx.run(
      "Approval.add",
      """
      insert into approvals (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id, comment)
      values (app.tenant(), \(approval), \(id), \(draft.version), \(hash), \(decision), app.actor(), \(comment))
      """)
    switch decision {
    case .approved:
      approve(draft, with: approval, hash: hash, comment: comment, in: tx)
    case .rejected:
      tx.run("Draft.reject", "update drafts set status = 'rejected' where id = \(id)")
      tx.record(.draftRejected(draft, comment: comment, isCancellation: false))
    case .changesRequested:
      tx.run(
        "Draft.requestChanges",
        "update drafts set status = 'draft', manifest = null where id = \(id)")
      tx.record(.changesRequested(draft, approval: approval, comment: comment))
    }
    return next
  }

  private static func approve(
    _ draft: Draft, with approval: ID<Approval>, hash: [UInt8], comment: String?,
    in tx: Transaction<some Entry>
  ) {
    let delivery = ID<Delivery>()
    tx.run(
      "Draft.approve",
      "update drafts set status = 'approved', approval_id = \(approval) where id = \(draft.id)")
    let event = tx.record(
      .draftApproved(
        draft, approval: approval, hash: Hex.encode(hash), delivery: delivery, comment: comment))
    tx.run(
      "Delivery.add",
      """
      insert into deliveries (tenant_id, id, event_id, kind, channel, endpoint, draft_id, approval_id,
                              content_sha256, order_key, order_seq)
      values (app.tenant(), \(delivery), \(event), 'draft', 'email', 'smtp', \(draft.id), \(approval),
              \(hash), \(draft.document), \(draft.version))
      """)
  }
}

extension Approval.Refusal {
  /// What the database's own check said, where it was quicker than ours.
  package init?(_ error: PostgresError) {
    switch error.constraint {
    case "approvals_seen", "approvals_one_yes_key": self = .notWhatWasSeen
    case "approvals_four_eyes": self = .ownDraft
    case "approvals_reviewer": self = .notReviewer
    default: return nil
    }
  }
}
