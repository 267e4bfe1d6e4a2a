import CRM
import Templating

// The interface's words for the domain's codes; a new case does not compile until it has one.

extension Role {
  var words: L {
    switch self {
    case .sales: L("Sales")
    case .reviewer: L("Reviewer")
    case .admin: L("Admin")
    }
  }

  static func words(for roles: [Role]) -> L {
    switch roles.count {
    case 0: L("No role")
    case 1: roles[0].words
    case 2: L("\(roles[0].words), \(roles[1].words)")
    default: L("\(roles[0].words), \(roles[1].words), \(roles[2].words)")
    }
  }
}

extension Lead.Stage {
  /// Made once: a list asks for them fifty times a page.
  private static let table = Dictionary(uniqueKeysWithValues: allCases.map { ($0, $0.spelled) })

  var words: L { Self.table[self] ?? spelled }

  private var spelled: L {
    switch self {
    case .new: L("New")
    case .discovery: L("Discovery")
    case .proposal: L("Proposal")
    case .decision: L("Decision")
    }
  }
}

extension Lead.Outcome {
  var words: L {
    switch self {
    case .open: L("Open")
    case .won: L("Won")
    case .lost: L("Lost")
    case .unqualified: L("Unqualified")
    case .onHold: L("On hold")
    }
  }

  var tone: Tone {
    switch self {
    case .open, .unqualified: .plain
    case .won: .fine
    case .lost: .stop
    case .onHold: .look
    }
  }
}

extension Lead.ContactStatus {
  var words: L {
    switch self {
    case .new: L("Not contacted yet")
    case .contacted: L("Contacted")
    case .engaged: L("Engaged")
    case .qualified: L("Qualified")
    case .nurturing: L("Nurturing")
    case .appointment: L("Appointment made")
    }
  }
}

extension StatusChange.Trigger {
  var words: L {
    switch self {
    case .user: L("by hand")
    case .rule: L("by a rule")
    case .ai: L("by the assistant")
    case .inbound: L("by a message of theirs")
    case .import: L("by an import")
    case .sequence: L("by a sequence")
    }
  }
}

extension Assignment.Strategy {
  /// How an owner was found; `reason` is what decided.
  func cause(_ reason: String?) -> L {
    switch self {
    case .manual: L("by hand")
    case .roundRobin: L("in turn")
    case .leastLoaded: L("fewest open leads: \(reason ?? "0")")
    case .bySource: L("by the source “\(reason ?? "")”")
    }
  }
}

extension Lead.Tier {
  var words: L {
    switch self {
    case .hot: L("Hot")
    case .warm: L("Warm")
    case .cold: L("Cold")
    case .dormant: L("Dormant")
    }
  }

  var tone: Tone {
    switch self {
    case .hot: .look
    case .warm: .fine
    case .cold, .dormant: .plain
    }
  }
}

extension Draft.Kind {
  var words: L {
    switch self {
    case .followupEmail: L("Follow-up e-mail")
    case .followupSMS: L("Follow-up text message")
    case .scope: L("Scope")
    case .estimate: L("Estimate")
    case .proposal: L("Proposal document")
    }
  }
}

extension Draft.Status {
  var words: L {
    switch self {
    case .draft: L("On the desk")
    case .underReview: L("Waiting for review")
    case .approved: L("Approved")
    case .rejected: L("Rejected")
    case .sent: L("Sent")
    }
  }

  var explained: L {
    switch self {
    case .draft: L("Nothing is sent before it is submitted and approved.")
    case .underReview: L("A reviewer decides on exactly this text and these recipients.")
    case .approved: L("The worker delivers it as it stands here.")
    case .rejected: L("It will not be sent. Going on means a new version.")
    case .sent: L("The mail server has taken it.")
    }
  }

  var tone: Tone {
    switch self {
    case .draft: .plain
    case .underReview: .look
    case .approved, .sent: .fine
    case .rejected: .stop
    }
  }
}

extension Approval.Decision {
  var words: L {
    switch self {
    case .approved: L("Approved")
    case .rejected: L("Rejected")
    case .changesRequested: L("Changes requested")
    }
  }

  var tone: Tone {
    switch self {
    case .approved: .fine
    case .rejected: .stop
    case .changesRequested: .look
    }
  }
}

extension Delivery.State {
  var words: L {
    switch self {
    case .ready: L("Waiting to leave")
    case .leased: L("Being sent")
    case .committing: L("Being handed over")
    case .sent: L("Sent")
    case .uncertain: L("Uncertain")
    case .blocked: L("Blocked")
    case .dead: L("Failed")
    case .cancelled: L("Cancelled")
    }
  }

  var explained: L {
    switch self {
    case .ready: L("The worker sends it as soon as it may leave.")
    case .leased: L("A worker has it and talks to the mail server.")
    case .committing: L("The last bytes are on their way; the mail server’s answer is awaited.")
    case .sent: L("The mail server has taken it.")
    case .uncertain:
      L(
        "The last bytes left, but no clear answer came. It may or may not have arrived, so it is not repeated by itself: look into it and say what became of it."
      )
    case .blocked: L("A rule said no when it was due. It stays here until somebody decides.")
    case .dead: L("The mail server refused it for good, or every try failed.")
    case .cancelled: L("Somebody took it out. It will not be sent.")
    }
  }

  var tone: Tone {
    switch self {
    case .sent: .fine
    case .ready, .leased, .committing: .plain
    case .uncertain: .look
    case .blocked, .dead: .stop
    case .cancelled: .plain
    }
  }
}

extension DeliveryAttempt.Phase {
  var words: L {
    switch self {
    case .committing: L("Handing over the last bytes")
    case .sent: L("Taken by the mail server")
    case .refused: L("Refused for now")
    case .dead: L("Refused for good")
    case .notSent: L("Could not be handed over")
    case .blocked: L("Blocked by a rule")
    case .uncertain: L("No clear answer")
    case .leaseEnded: L("The worker stopped before the mail left")
    case .resolved: L("Confirmed as arrived")
    case .retried: L("Sent again by decision")
    case .cancelled: L("Cancelled")
    }
  }

  var tone: Tone {
    switch self {
    case .sent, .resolved: .fine
    case .committing, .retried, .cancelled: .plain
    case .refused, .notSent, .uncertain, .leaseEnded: .look
    case .dead, .blocked: .stop
    }
  }
}

extension PolicyGate.Rule {
  var words: L {
    switch self {
    case .leadNotDeleted: L("The lead is there")
    case .leadNotSuppressed: L("The lead may be written to")
    case .recipientsNotListed: L("No recipient is on the do-not-contact list")
    case .contentApproved: L("The content is exactly what was approved")
    }
  }

  /// What to say when this rule said no.
  func no(because reason: String?) -> L {
    switch self {
    case .leadNotDeleted: L("The lead was deleted.")
    case .leadNotSuppressed:
      reason.map { L("No e-mail may go to this lead: \($0)") }
        ?? L("No e-mail may go to this lead.")
    case .recipientsNotListed:
      reason.map { L("On the do-not-contact list: \($0)") }
        ?? L("A recipient is on the do-not-contact list.")
    case .contentApproved: L("The content is not the one that was approved.")
    }
  }
}
