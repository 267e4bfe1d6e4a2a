import Postgres

extension Activity {
  /// What a timeline shows: everything, or what is of one group or was done by one actor.
  package struct Filter: Sendable, Equatable {
    package var group: Group?
    package var actor: Actor?

    package init() {}

    package enum Actor: Sendable, Equatable {
      /// The worker.
      case system
      case member(ID<User>)
    }

    var condition: SQL {
      var condition: SQL = ""
      if let group {
        condition = "and a.kind = any (\(SQL.TextArray(group.kinds.map(\.rawValue))))"
      }
      switch actor {
      case nil: return condition
      case .system: return "\(condition) and a.actor_id is null"
      case .member(let id): return "\(condition) and a.actor_id = \(id)"
      }
    }
  }

  /// Kinds that people ask for together.
  package enum Group: String, CaseIterable, Sendable {
    case notes, discovery, stage, drafts, deliveries, details, permission

    var kinds: [Kind] { Kind.allCases.filter { $0.group == self } }
  }
}

extension Activity.Kind {
  package var group: Activity.Group {
    switch self {
    case .noteAdded, .noteStruck: .notes
    case .questionsGenerated, .questionAdded, .questionDismissed, .answerRecorded: .discovery
    case .leadCreated, .stageChanged, .outcomeChanged, .contactStatusChanged: .stage
    case .draftCreated, .draftSubmitted, .draftWithdrawn, .changesRequested, .draftApproved,
      .draftRejected, .draftCancelled:
      .drafts
    case .draftSent, .deliveryBlocked, .deliveryDead, .deliveryUncertain, .deliveryResolved,
      .messageReceived, .answeredOtherwise:
      .deliveries
    case .leadUpdated, .leadAssigned, .leadMerged, .leadMergedAway, .operationUndone, .archived,
      .deleted, .restored, .followUpSet, .followUpDone, .related, .unrelated:
      .details
    case .takenOver, .handedBack, .suppressed, .suppressionLifted, .dncAdded, .dncRemoved:
      .permission
    }
  }
}
