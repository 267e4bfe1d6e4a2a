import Postgres

/// One line of a lead's timeline.
package struct Activity: Sendable {
  package let id: ID<Activity>
  package let kind: Kind
  /// Nil for the worker.
  package let actorName: String?
  package let draft: ID<Draft>?
  package let delivery: ID<Delivery>?
  package let from: String?
  package let to: String?
  package let reason: String?
  package let subject: String?
  package let at: Timestamp

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case leadCreated = "lead_created"
    case leadUpdated = "lead_updated"
    case leadAssigned = "lead_assigned"
    case messageReceived = "message_received"
    case operationUndone = "operation_undone"
    case stageChanged = "stage_changed"
    case outcomeChanged = "outcome_changed"
    case contactStatusChanged = "contact_status_changed"
    case takenOver = "taken_over"
    case handedBack = "handed_back"
    case archived, deleted, restored
    case suppressed
    case suppressionLifted = "suppression_lifted"
    case draftCreated = "draft_created"
    case draftSubmitted = "draft_submitted"
    case draftWithdrawn = "draft_withdrawn"
    case changesRequested = "changes_requested"
    case draftApproved = "draft_approved"
    case draftRejected = "draft_rejected"
    case draftCancelled = "draft_cancelled"
    case draftSent = "draft_sent"
    case deliveryBlocked = "delivery_blocked"
    case deliveryDead = "delivery_dead"
    case deliveryUncertain = "delivery_uncertain"
    case deliveryResolved = "delivery_resolved"
  }

  package static let pageSize = 50

  /// Newest first, one row more than a page.
  package static func latest(of lead: ID<Lead>, before: ID<Activity>? = nil) -> Query<[Activity]> {
    Query(
      "Activity.latest",
      """
      select a.id, a.kind, m.display_name, a.draft_id, a.data ->> 'delivery', a.data ->> 'from',
             a.data ->> 'to', a.data ->> 'reason', a.data ->> 'subject', a.created_at
      from activities a
      left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
      where a.lead_id = \(lead) and (\(before)::uuid is null or a.id < \(before))
      order by a.id desc limit 51
      """,
      all: { row in
        try Activity(
          id: row.next(), kind: row.next(), actorName: row.next(optional: String.self),
          draft: row.next(optional: ID<Draft>.self),
          delivery: row.next(optional: ID<Delivery>.self),
          from: row.next(optional: String.self), to: row.next(optional: String.self),
          reason: row.next(optional: String.self), subject: row.next(optional: String.self),
          at: row.next())
      })
  }
}
