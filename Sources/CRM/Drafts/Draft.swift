import Postgres
import Secrets

/// Any text that may leave the house. It leaves only as an approved version, byte for byte.
package struct Draft: Sendable {
  package let id: ID<Draft>
  package let lead: ID<Lead>
  package let leadTitle: String
  package let leadCompany: String?
  /// Set while nothing may be sent to the lead.
  package let suppressedReason: String?
  /// Which of its recipients are on the do-not-contact list; nil for none.
  package let listedRecipients: String?
  package let type: Kind
  package let version: Int
  /// Shared by the versions of one text.
  package let document: ID<Document>
  package let status: Status
  package let subject: String
  package let contentMarkdown: String
  package let author: Member
  /// The viewer is the author.
  package let isMine: Bool
  package let lastEditor: Member
  package let requestedBy: ID<User>?
  /// The exact content since its submission, and its SHA-256.
  package let manifest: [UInt8]?
  package let contentHash: [UInt8]?
  package let submittedAt: Timestamp?
  package let updatedAt: Timestamp
  /// Counts the draft's changes: a form says which one it saw.
  package let revision: Int

  package enum Document {}

  package enum Kind: String, Sendable, SQLValue, SQLReadable {
    case followupEmail = "followup_email"
    case followupSMS = "followup_sms"
    case scope, estimate, proposal
  }

  package enum Status: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case draft
    case underReview = "under_review"
    case approved, rejected, sent

    /// Frozen for good: a change makes the next version.
    package var isFrozen: Bool { self == .approved || self == .rejected || self == .sent }
  }

  /// What events need to know of a draft.
  package struct Identity: Sendable {
    package let id: ID<Draft>
    package let lead: ID<Lead>
    package let version: Int
  }

  /// Why the business says no.
  package enum Refusal: Error, Equatable {
    /// The draft is not in the state that this step starts from.
    case movedOn(Status)
    /// Somebody saved it after the form was shown.
    case changedMeanwhile
    /// Only the author submits and withdraws.
    case notAuthor
    case noRecipient, noSubject, noText
    /// No page could show it.
    case unshowable
    case recipientUnknown
    /// Somebody has another address now than when they were chosen, or stands at the lead no more.
    case recipientChanged
    case alreadyLeaving

    /// What the database's own check said, where it was quicker than ours.
    package init?(_ error: PostgresError) {
      guard error.constraint == "drafts_recipients_current" else { return nil }
      self = .recipientChanged
    }
  }

  var identity: Identity { Identity(id: id, lead: lead, version: version) }
}

extension Draft {
  package static func find(_ id: ID<Draft>) -> Query<Draft?> {
    Query("Draft.find", "\(record) where d.id = \(id)", one: Draft.init(row:))
  }

  static func locked(_ id: ID<Draft>) -> Query<Draft?> {
    Query(
      "Draft.locked", "\(record) where d.id = \(id) for no key update of d", one: Draft.init(row:))
  }

  private static let record: SQL = """
    select d.id, d.lead_id, l.title, l.company, l.suppressed_reason, \(DNCEntry.recipientsOfDraft),
           d.type, d.version, d.document_id,
           d.status, d.subject, d.content_md, d.author_id, a.display_name,
           d.author_id = (select app.actor()), d.last_editor_id, e.display_name,
           d.requested_by, d.manifest, d.content_sha256, d.submitted_at, d.updated_at, d.revision
    from drafts d
    join leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    join memberships a on a.tenant_id = d.tenant_id and a.user_id = d.author_id
    join memberships e on e.tenant_id = d.tenant_id and e.user_id = d.last_editor_id
    """

  private init(row: inout Row) throws {
    id = try row.next()
    lead = try row.next()
    leadTitle = try row.next()
    leadCompany = try row.next(optional: String.self)
    suppressedReason = try row.next(optional: String.self)
    listedRecipients = try row.next(optional: String.self)
    type = try row.next()
    version = try row.next()
    document = try row.next()
    status = try row.next()
    subject = try row.next()
    contentMarkdown = try row.next()
    author = Member(id: try row.next(), name: try row.next())
    isMine = try row.next(optional: Bool.self) ?? false
    lastEditor = Member(id: try row.next(), name: try row.next())
    requestedBy = try row.next(optional: ID<User>.self)
    manifest = try row.next(optional: [UInt8].self)
    contentHash = try row.next(optional: [UInt8].self)
    submittedAt = try row.next(optional: Timestamp.self)
    updatedAt = try row.next()
    revision = try row.next()
  }

  /// The one who approves is none of these.
  package func isWritten(by person: ID<User>) -> Bool {
    [author.id, lastEditor.id].contains(person) || requestedBy == person
  }
}

/// One line of a list of drafts.
package struct DraftSummary: Sendable {
  package let id: ID<Draft>
  package let lead: ID<Lead>
  package let leadTitle: String
  package let type: Draft.Kind
  package let version: Int
  package let status: Draft.Status
  package let subject: String
  package let authorName: String
  package let updatedAt: Timestamp
  /// What the reviewer said last, where changes were requested.
  package let comment: String?

  package static func all(of lead: ID<Lead>) -> Query<[DraftSummary]> {
    Query(
      "DraftSummary.ofLead",
      "\(record) where d.lead_id in \(Lead.family(of: lead)) order by d.id desc limit 100",
      all: DraftSummary.init(row:))
  }

  /// The versions of the text that `draft` belongs to, newest first.
  package static func versions(with draft: ID<Draft>) -> Query<[DraftSummary]> {
    Query(
      "DraftSummary.versions",
      """
      \(record) where d.document_id = (select document_id from drafts where id = \(draft))
      order by d.version desc
      """, all: DraftSummary.init(row:))
  }

  /// What the person asking has on the desk or on its way, and what went out or was turned down
  /// lately.
  package static let mine = Query<[DraftSummary]>(
    "DraftSummary.mine",
    """
    \(record) where d.author_id = app.actor()
      and (d.status in ('draft', 'under_review', 'approved') or d.updated_at > now() - interval '7 days')
    order by d.updated_at desc limit 60
    """, all: DraftSummary.init(row:))

  private static let record: SQL = """
    select d.id, d.lead_id, l.title, d.type, d.version, d.status, d.subject, a.display_name, d.updated_at,
           (select p.comment from approvals p
             where p.tenant_id = d.tenant_id and p.draft_id = d.id and p.decision <> 'approved'
             order by p.id desc limit 1)
    from drafts d
    join leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    join memberships a on a.tenant_id = d.tenant_id and a.user_id = d.author_id
    """

  private init(row: inout Row) throws {
    id = try row.next()
    lead = try row.next()
    leadTitle = try row.next()
    type = try row.next()
    version = try row.next()
    status = try row.next()
    subject = try row.next()
    authorName = try row.next()
    updatedAt = try row.next()
    comment = try row.next(optional: String.self)
  }
}
