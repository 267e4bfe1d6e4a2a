import Postgres

/// One line of a lead's timeline.
package struct Activity: Sendable {
  package let id: ID<Activity>
  package let kind: Kind
  /// Nil for the worker.
  package let actorName: String?
  package let draft: ID<Draft>?
  package let delivery: ID<Delivery>?
  package let operation: ID<Operation>?
  package let from: String?
  package let to: String?
  package let reason: String?
  package let subject: String?
  /// What a lead that was won is worth, and the client it became.
  package let value: Money?
  package let client: String?
  /// Whom the lead was given to, by name; nil where it was taken from its owner.
  package let owner: String?
  package let strategy: Assignment.Strategy?
  package let question: ID<Question>?
  /// Who proposed questions, a model by its own name.
  package let origin: Question.Origin?
  package let model: String?
  /// How a message begins.
  package let message: String?
  /// The other lead, where it is about a relationship.
  package let other: ID<Lead>?
  /// What was written down, where it is about a note: how it begins.
  package let note: NoteText?
  package let at: Timestamp

  package struct NoteText: Sendable {
    package let id: ID<Note>
    package let body: String
    /// Why it was struck out; nil while it stands.
    package let struckReason: String?
  }

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case leadCreated = "lead_created"
    case leadUpdated = "lead_updated"
    case leadAssigned = "lead_assigned"
    case messageReceived = "message_received"
    case leadMerged = "lead_merged"
    case leadMergedAway = "lead_merged_away"
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
    case noteAdded = "note_added"
    case noteStruck = "note_struck"
    case followUpSet = "followup_set"
    case followUpDone = "followup_done"
    case answeredOtherwise = "answered_otherwise"
    case dncAdded = "dnc_added"
    case dncRemoved = "dnc_removed"
    case related, unrelated
    case questionsGenerated = "questions_generated"
    case questionAdded = "question_added"
    case questionDismissed = "question_dismissed"
    case answerRecorded = "answer_recorded"
  }

  package static let pageSize = 50

  /// Newest first, one row more than a page. The page comes first, what it speaks of after that: what is read out of
  /// `data` by an operator that is not leakproof would keep row security from the other tables' keys.
  package static func latest(
    of lead: ID<Lead>, _ filter: Filter = Filter(), before: ID<Activity>? = nil
  ) -> Query<[Activity]> {
    Query(
      "Activity.latest",
      """
      select a.id, a.kind, m.display_name, a.draft_id, a.data ->> 'delivery', a.data ->> 'operation', a.data ->> 'from',
             a.data ->> 'to', a.data ->> 'reason', a.data ->> 'subject', (a.data ->> 'value')::bigint,
             a.data ->> 'client', o.display_name, a.data ->> 'strategy', (a.data ->> 'question')::uuid,
             a.data ->> 'origin', i.model, left(g.content, 400),
             (a.data ->> 'other')::uuid, n.id, left(n.body, 400), n.struck_reason, a.created_at
      from (
        select a.tenant_id, a.id, a.kind, a.actor_id, a.draft_id, a.data, a.created_at,
               (a.data ->> 'user')::uuid as owner, (a.data ->> 'note')::uuid as note,
               (a.data ->> 'message')::uuid as message, (a.data ->> 'action')::uuid as action
        from activities a
        where a.lead_id in \(Lead.family(of: lead)) and (\(before)::uuid is null or a.id < \(before)) \(filter.condition)
        order by a.id desc limit 51) a
      left join memberships m on m.tenant_id = a.tenant_id and m.user_id = a.actor_id
      left join memberships o on o.tenant_id = a.tenant_id and o.user_id = a.owner
      left join notes n on n.tenant_id = a.tenant_id and n.id = a.note
      left join messages g on g.tenant_id = a.tenant_id and g.id = a.message
      left join ai_actions i on i.tenant_id = a.tenant_id and i.id = a.action
      order by a.id desc
      """,
      all: { row in
        try Activity(
          id: row.next(), kind: row.next(), actorName: row.next(optional: String.self),
          draft: row.next(optional: ID<Draft>.self),
          delivery: row.next(optional: ID<Delivery>.self),
          operation: row.next(optional: ID<Operation>.self),
          from: row.next(optional: String.self), to: row.next(optional: String.self),
          reason: row.next(optional: String.self), subject: row.next(optional: String.self),
          value: row.next(optional: Money.self), client: row.next(optional: String.self),
          owner: row.next(optional: String.self),
          strategy: row.next(optional: Assignment.Strategy.self),
          question: row.next(optional: ID<Question>.self),
          origin: row.next(optional: Question.Origin.self), model: row.next(optional: String.self),
          message: row.next(optional: String.self),
          other: row.next(optional: ID<Lead>.self), note: NoteText(row: &row), at: row.next())
      })
  }

  /// Who did something with the lead, by name.
  package static func actors(on lead: ID<Lead>) -> Query<[Member]> {
    Query(
      "Activity.actors",
      """
      select m.user_id, m.display_name from memberships m
      where m.user_id in (select a.actor_id from activities a where a.lead_id in \(Lead.family(of: lead)))
      order by m.display_name, m.user_id limit 20
      """, all: { row in try Member(id: row.next(), name: row.next()) })
  }
}

extension Activity.NoteText {
  fileprivate init?(row: inout Row) throws {
    let id = try row.next(optional: ID<Note>.self)
    let body = try row.next(optional: String.self)
    struckReason = try row.next(optional: String.self)
    guard let id, let body else { return nil }
    self.id = id
    self.body = body
  }
}
