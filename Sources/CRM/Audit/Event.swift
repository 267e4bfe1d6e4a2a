import Postgres

/// A fact about a lead: the catalogue. Each event is made in one place, by the verb it belongs to.
///
/// `tx.record` writes the outbox row, the timeline and the audit log from the same value, so that
/// none of the three can be forgotten or disagree.
package struct Event: Sendable {
  let name: String
  let lead: ID<Lead>
  /// Makes the fact unique: told twice with the same subject it is one row.
  let subject: String
  /// Ids and hashes for consumers, never message text.
  var payload: JSON
  let activity: Activity.Kind
  /// What a person reads on the timeline.
  var activityData: JSON = .object([:])
  var draft: ID<Draft>?
  /// Field by field for the audit log; empty writes one row for the action alone.
  var changes: [FieldChange] = []
}

/// What a field was and became; nil where both are the same.
package struct FieldChange: Sendable, Equatable {
  package let field: String
  package let old: String?
  package let new: String?

  package init?(_ field: String, _ old: String?, _ new: String?) {
    // Byte by byte: "é" and "e´" are different texts to the database.
    if let old, let new, old.utf8.elementsEqual(new.utf8) { return nil }
    if old == nil, new == nil { return nil }
    self.field = field
    self.old = old
    self.new = new
  }
}

// MARK: - Leads

extension Event {
  static func leadCreated(_ lead: ID<Lead>, contact: ID<Contact>?, source: String?) -> Event {
    Event(
      name: "LeadCreated", lead: lead, subject: lead.description,
      payload: .object(["contact": contact.map(JSON.id) ?? .null, "source": .string(source)]),
      activity: .leadCreated, activityData: .object(["subject": .string(source)]))
  }

  /// `key` tells one change of the lead from the next.
  static func leadUpdated(
    _ lead: ID<Lead>, key: String = ID<Event>().description, changes: [FieldChange]
  ) -> Event {
    let fields = changes.map(\.field)
    return Event(
      name: "LeadUpdated", lead: lead, subject: "\(lead):\(key)",
      payload: .object(["fields": .array(fields.map(JSON.string))]),
      activity: .leadUpdated,
      activityData: .object(["subject": .string(fields.joined(separator: " "))]), changes: changes)
  }

  static func leadAssigned(
    _ lead: ID<Lead>, assignment: ID<Assignment>, from: ID<User>?, to: ID<User>?,
    by strategy: Assignment.Strategy, reason: String?
  ) -> Event {
    Event(
      name: "LeadAssigned", lead: lead, subject: assignment.description,
      payload: .object([
        "from": from.map(JSON.id) ?? .null, "to": to.map(JSON.id) ?? .null,
        "strategy": .string(strategy.rawValue),
      ]),
      activity: .leadAssigned,
      activityData: .object([
        "user": to.map(JSON.id) ?? .null, "strategy": .string(strategy.rawValue),
        "reason": .string(reason),
      ]),
      changes: [FieldChange("owner", from?.description, to?.description)].compactMap { $0 })
  }

  static func stageChanged(
    _ lead: ID<Lead>, step: ID<StageStep>, from: Lead.Stage, to: Lead.Stage, reason: String?
  ) -> Event {
    Event(
      name: "StageChanged", lead: lead, subject: step.description,
      payload: .object(["from": .string(from.rawValue), "to": .string(to.rawValue)]),
      activity: .stageChanged,
      activityData: .object([
        "from": .string(from.rawValue), "to": .string(to.rawValue), "reason": .string(reason),
      ]),
      changes: [FieldChange("stage", from.rawValue, to.rawValue)].compactMap { $0 })
  }

  /// Won, no longer won, or any other end.
  static func outcomeChanged(
    _ lead: ID<Lead>, change: ID<OutcomeChange>, from: Lead.Outcome, to: Lead.Outcome,
    reason: String?, value: Money?, client: String?
  ) -> Event {
    let name = to == .won ? "LeadConverted" : from == .won ? "LeadReverted" : "LeadUpdated"
    return Event(
      name: name, lead: lead, subject: change.description,
      payload: .object([
        "change": .id(change), "from": .string(from.rawValue), "to": .string(to.rawValue),
      ]),
      activity: .outcomeChanged,
      activityData: .object([
        "from": .string(from.rawValue), "to": .string(to.rawValue), "reason": .string(reason),
        "value": value.map { .number($0.minorUnits) } ?? .null, "client": .string(client),
      ]),
      changes: [FieldChange("outcome", from.rawValue, to.rawValue)].compactMap { $0 })
  }

  static func contactStatusChanged(
    _ lead: ID<Lead>, change: ID<StatusChange>, from: Lead.ContactStatus, to: Lead.ContactStatus,
    reason: String?
  ) -> Event {
    Event(
      name: "ContactStatusChanged", lead: lead, subject: change.description,
      payload: .object([
        "axis": .string("contact_status"), "from": .string(from.rawValue),
        "to": .string(to.rawValue),
      ]),
      activity: .contactStatusChanged,
      activityData: .object([
        "from": .string(from.rawValue), "to": .string(to.rawValue), "reason": .string(reason),
      ]),
      changes: [FieldChange("contact_status", from.rawValue, to.rawValue)].compactMap { $0 })
  }

  static func stopChanged(
    _ kind: Stop.Kind, of lead: ID<Lead>, change: ID<StatusChange>, isOn: Bool, reason: String
  ) -> Event {
    let activity: Activity.Kind =
      switch (kind, isOn) {
      case (.takeOver, true): .takenOver
      case (.takeOver, false): .handedBack
      case (.suppression, true): .suppressed
      case (.suppression, false): .suppressionLifted
      }
    return Event(
      name: "ContactStatusChanged", lead: lead, subject: change.description,
      payload: .object(["axis": .string(kind.axis), "on": .bool(isOn)]),
      activity: activity, activityData: .object(["reason": .string(reason)]),
      changes: [FieldChange(kind.axis, isOn ? "no" : "yes", isOn ? "yes" : "no")].compactMap { $0 })
  }

  /// On the lead that stays; what it took from the other are its changes.
  static func leadMerged(
    _ lead: ID<Lead>, other: Lead, operation: ID<Operation>, changes: [FieldChange]
  ) -> Event {
    Event(
      name: "LeadMerged", lead: lead, subject: operation.description,
      payload: .object(["merged": .id(other.id)]),
      activity: .leadMerged, activityData: .object(["subject": .string(other.title)]),
      changes: changes)
  }

  /// On the lead that went into another.
  static func leadMergedAway(
    _ lead: ID<Lead>, into kept: Lead, operation: ID<Operation>
  ) -> Event {
    Event(
      name: "LeadMerged", lead: lead, subject: "\(operation):\(lead)",
      payload: .object(["into": .id(kept.id)]),
      activity: .leadMergedAway, activityData: .object(["subject": .string(kept.title)]),
      changes: [FieldChange("merged_into", nil, kept.id.description)].compactMap { $0 })
  }

  static func lifeChanged(_ lead: ID<Lead>, from: Lead.Life, to: Lead.Life) -> Event {
    let (name, activity): (String, Activity.Kind) =
      switch to {
      case .active: ("LeadRestored", .restored)
      case .archived: ("LeadArchived", .archived)
      case .deleted: ("LeadDeleted", .deleted)
      }
    return Event(
      name: name, lead: lead, subject: ID<Event>().description,
      payload: .object(["from": .string(from.rawValue)]), activity: activity,
      changes: [FieldChange("life", from.rawValue, to.rawValue)].compactMap { $0 })
  }
}

// MARK: - Conversations

extension Event {
  /// The words themselves stay in the message.
  static func messageReceived(_ lead: ID<Lead>, message: ID<Message>) -> Event {
    Event(
      name: "MessageReceived", lead: lead, subject: message.description,
      payload: .object(["message": .id(message)]), activity: .messageReceived,
      activityData: .object(["message": .id(message)]))
  }
}

// MARK: - Drafts and review

extension Event {
  static func draftCreated(_ draft: Draft.Identity, subject: String) -> Event {
    onDraft("DraftCreated", draft, key: draft.id.description, .draftCreated, subject: subject)
  }

  /// `revision` tells one submission of a draft from the next.
  static func draftSubmitted(
    _ draft: Draft.Identity, revision: Int, subject: String, hash: String
  ) -> Event {
    onDraft(
      "DraftSubmitted", draft, key: "\(draft.id):r\(revision)", .draftSubmitted,
      subject: subject, hash: hash)
  }

  static func draftWithdrawn(_ draft: Draft) -> Event {
    onDraft(
      "DraftWithdrawn", draft.identity, key: "\(draft.id):r\(draft.revision)", .draftWithdrawn,
      subject: draft.subject)
  }

  static func changesRequested(_ draft: Draft, approval: ID<Approval>, comment: String?) -> Event {
    onDraft(
      "ChangesRequested", draft.identity, key: approval.description, .changesRequested,
      subject: draft.subject, reason: comment)
  }

  static func draftApproved(
    _ draft: Draft, approval: ID<Approval>, hash: String, delivery: ID<Delivery>, comment: String?
  ) -> Event {
    var event = onDraft(
      "DraftApproved", draft.identity, key: draft.id.description, .draftApproved,
      subject: draft.subject, reason: comment)
    event.payload = .object([
      "draft": .id(draft.id), "version": .number(draft.version), "approval": .id(approval),
      "content_sha256": .string(hash), "deliveries": .array([.id(delivery)]),
    ])
    return event
  }

  static func draftRejected(_ draft: Draft, comment: String?, isCancellation: Bool) -> Event {
    onDraft(
      "DraftRejected", draft.identity, key: draft.id.description,
      isCancellation ? .draftCancelled : .draftRejected, subject: draft.subject, reason: comment)
  }

  private static func onDraft(
    _ name: String, _ draft: Draft.Identity, key: String, _ activity: Activity.Kind,
    subject: String, reason: String? = nil, hash: String? = nil
  ) -> Event {
    Event(
      name: name, lead: draft.lead, subject: key,
      payload: .object([
        "draft": .id(draft.id), "version": .number(draft.version), "content_sha256": .string(hash),
      ]),
      activity: activity,
      activityData: .object(["subject": .string(subject), "reason": .string(reason)]),
      draft: draft.id)
  }
}

// MARK: - Deliveries

extension Event {
  static func draftSent(_ mail: OutgoingMail) -> Event {
    onDelivery(
      "DraftSent", mail.identity, key: mail.identity.draft.description, .draftSent, reason: nil)
  }

  /// `attempt` tells one failure of a delivery from the next.
  static func deliveryFailed(
    _ delivery: Delivery.Identity, attempt: Int, _ activity: Activity.Kind, reason: String
  ) -> Event {
    onDelivery(
      "DeliveryFailed", delivery, key: "\(delivery.id):\(attempt)", activity, reason: reason)
  }

  /// What a person said about a delivery that stood still.
  static func deliveryResolved(
    _ delivery: Delivery.Identity, leaseToken: Int, isArrived: Bool, comment: String
  ) -> Event {
    onDelivery(
      isArrived ? "DraftSent" : "DeliveryResolved", delivery,
      key: isArrived ? delivery.draft.description : "\(delivery.id):\(leaseToken)",
      .deliveryResolved, reason: comment)
  }

  private static func onDelivery(
    _ name: String, _ delivery: Delivery.Identity, key: String, _ activity: Activity.Kind,
    reason: String?
  ) -> Event {
    Event(
      name: name, lead: delivery.lead, subject: key,
      payload: .object(["draft": .id(delivery.draft), "delivery": .id(delivery.id)]),
      activity: activity,
      activityData: .object([
        "delivery": .id(delivery.id), "subject": .string(delivery.subject),
        "reason": .string(reason),
      ]),
      draft: delivery.draft)
  }
}
