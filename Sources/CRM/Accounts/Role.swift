import Postgres

/// What a member is in a tenant; roles combine.
package enum Role: String, CaseIterable, Sendable, SQLValue {
  case sales, reviewer, admin
}

/// What a route or a button asks for. `app.role_permissions` mirrors `Role.permissions`.
package enum Permission: String, CaseIterable, Sendable, SQLValue {
  case readLeads = "read_leads"
  case writeLeads = "write_leads"
  case writeDrafts = "write_drafts"
  case review
  case readOutbox = "read_outbox"
  case resolveOutbox = "resolve_outbox"
  /// The tenant's settings: its questions, facts, assignment, limits.
  case administer
}

extension Role {
  package var permissions: Set<Permission> {
    switch self {
    case .sales: [.readLeads, .writeLeads, .writeDrafts]
    case .reviewer: [.readLeads, .writeDrafts, .review, .readOutbox, .resolveOutbox]
    case .admin: [.readLeads, .writeLeads, .writeDrafts, .readOutbox, .resolveOutbox, .administer]
    }
  }
}
