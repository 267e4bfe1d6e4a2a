import Postgres
import Text

/// A person or company that may buy.
package struct Lead: Sendable {
  package let id: ID<Lead>
  package let title: String
  package let description: String
  package let company: String?
  package let source: String?
  package let owner: Member?
  package let stage: Stage
  package let stageSince: Timestamp
  package let outcome: Outcome
  package let outcomeSince: Timestamp
  package let contactStatus: ContactStatus
  package let tags: [String]
  package let life: Life
  package let isTest: Bool
  /// Nil where it is not known.
  package let language: WrittenLanguage?
  /// Nil until something has scored it.
  package let tier: Tier?
  package let estimatedValue: Money?
  /// The beginning of that day.
  package let expectedClose: Timestamp?
  package let client: Client?
  /// The lead that this one was merged into.
  package let mergedInto: Reference?
  /// No automatic sends: somebody has taken the conversation over.
  package let takeOver: Stop?
  /// No sends at all.
  package let suppression: Stop?
  /// They wrote, and nobody has answered yet.
  package let isAwaitingReply: Bool
  /// The day on which somebody gets back to it.
  package let nextFollowUp: Timestamp?
  package let createdAt: Timestamp
  package let updatedAt: Timestamp
  /// Counts the lead's changes: an edit says which one it saw.
  package let revision: Int

  /// Why the business says no.
  package enum Refusal: Error, Equatable {
    case alreadyThere, reasonNeeded
    case emailAlreadyKnown, phoneAlreadyKnown
    case ownerUnknown
    /// A person of whom nothing would be left.
    case contactEmptied
    /// Somebody saved the lead after the form was shown.
    case changedMeanwhile
    /// The lead was deleted; it can be restored, and nothing else.
    case isDeleted
    case clientNameNeeded
    /// The primary person of a lead cannot be taken off it.
    case isPrimary
    /// A person of whom nothing is said.
    case personNeeded
    /// The address is one person's and the number another's.
    case twoPeople
    /// Who is known by the one has another address, or number.
    case emailDiffers, phoneDiffers
    /// A lead that is won, lost or put away has no next stage.
    case isClosed
    case tooManyTags
    /// It went into another lead; the merge can be taken back.
    case isMerged
    /// The leads that were looked at are not the ones there are now.
    case othersNow
    /// A change of many that would change none.
    case nothingChanges
  }

  /// Hot, warm, cold or dormant: computed from the score.
  package enum Tier: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case hot, warm, cold, dormant
  }
}

extension Lead {
  /// Another lead by its title.
  package struct Reference: Sendable {
    package let id: ID<Lead>
    package let title: String

    /// From two columns; nil where the first is null.
    init?(row: inout Row) throws {
      let id = try row.next(optional: ID<Lead>.self)
      let title = try row.next(optional: String.self)
      guard let id else { return nil }
      self.id = id
      self.title = title ?? ""
    }
  }

  /// The lead and those merged into it, as a subquery: what happened to any of them happened to it.
  static func family(of id: ID<Lead>) -> SQL {
    "(select f.id from leads f where f.id = \(id) or f.merged_into = \(id))"
  }
}

extension WrittenLanguage: SQLValue, SQLReadable {}

/// There is no such thing in this tenant: 404, whether it exists elsewhere or not.
package struct NotFound: Error {
  package init() {}
}

extension Lead {
  /// Looks at the lead, locked until the transaction ends, and lets `decide` queue the changes. A
  /// deleted lead is only handed out where `decide` is about its deletion.
  package static func change(
    _ id: ID<Lead>, evenDeleted: Bool = false, in tx: Transaction<some Entry>,
    _ decide: (Lead) throws -> Void
  ) throws {
    let (_, locked) = try tx.look(Lead.locked(id))
    guard let lead = locked else { throw NotFound() }
    guard lead.life != .deleted || evenDeleted else { throw Refusal.isDeleted }
    try decide(lead)
  }

  package static func find(_ id: ID<Lead>) -> Query<Lead?> {
    Query("Lead.find", "\(record) where l.id = \(id)", one: Lead.init(row:))
  }

  static func locked(_ id: ID<Lead>) -> Query<Lead?> {
    Query(
      "Lead.locked", "\(record) where l.id = \(id) for no key update of l", one: Lead.init(row:))
  }

  /// Many at once, locked in the order of their ids.
  package static func locked(_ selection: LeadSelection) -> Query<[Lead]> {
    Query(
      "Lead.lockedAll",
      "\(record) where l.id in (\(selection.ids)) and l.deleted_at is null order by l.id for no key update of l",
      all: Lead.init(row:))
  }

  /// The lead of a draft, locked before the draft is, in the order of everybody else.
  static func locked(with draft: ID<Draft>) -> Query<Lead?> {
    Query(
      "Lead.lockedWithDraft",
      """
      \(record) where l.id = (select lead_id from drafts where id = \(draft)) for no key update of l
      """, one: Lead.init(row:))
  }

  package static func find(withQuestion question: ID<Question>) -> Query<Lead?> {
    Query(
      "Lead.findWithQuestion",
      "\(record) where l.id = \(Question.home(of: question))",
      one: Lead.init(row:))
  }

  /// The lead of a question, as above.
  static func locked(withQuestion question: ID<Question>) -> Query<Lead?> {
    Query(
      "Lead.lockedWithQuestion",
      """
      \(record) where l.id = \(Question.home(of: question)) for no key update of l
      """, one: Lead.init(row:))
  }

  private static let record: SQL = """
    select l.id, l.title, l.description, l.company, l.source, l.owner_id, o.display_name, l.stage,
           l.stage_since, l.outcome, l.outcome_since, l.contact_status, array_to_string(l.tags, ' '),
           case when l.deleted_at is not null then 'deleted' when l.archived_at is not null then 'archived'
                else 'active' end,
           l.is_test, l.language, l.priority_tier, l.estimated_value,
           l.expected_close_date::timestamptz, c.id, c.name, w.id, w.title,
           l.paused_at, l.paused_reason, p.display_name,
           l.suppressed_at, l.suppressed_reason, s.display_name,
           exists (select from threads t where t.awaiting_reply and t.lead_id in (
             select f.id from leads f where f.id = l.id or f.merged_into = l.id)),
           l.next_followup_at, l.created_at, l.updated_at, l.revision
    from leads l
    left join memberships o on o.tenant_id = l.tenant_id and o.user_id = l.owner_id
    left join memberships p on p.tenant_id = l.tenant_id and p.user_id = l.paused_by
    left join memberships s on s.tenant_id = l.tenant_id and s.user_id = l.suppressed_by
    left join leads w on w.tenant_id = l.tenant_id and w.id = l.merged_into
    left join clients c on c.tenant_id = l.tenant_id and c.id = l.client_id
    """

  private init(row: inout Row) throws {
    id = try row.next()
    title = try row.next()
    description = try row.next()
    company = try row.next(optional: String.self)
    source = try row.next(optional: String.self)
    let ownerID = try row.next(optional: ID<User>.self)
    let ownerName = try row.next(optional: String.self)
    owner = ownerID.map { Member(id: $0, name: ownerName ?? "") }
    stage = try row.next()
    stageSince = try row.next()
    outcome = try row.next()
    outcomeSince = try row.next()
    contactStatus = try row.next()
    tags = Tags.read(try row.next())
    life = try row.next()
    isTest = try row.next()
    language = try row.next(optional: WrittenLanguage.self)
    tier = try row.next(optional: Tier.self)
    estimatedValue = try row.next(optional: Money.self)
    expectedClose = try row.next(optional: Timestamp.self)
    let clientID = try row.next(optional: ID<Client>.self)
    let clientName = try row.next(optional: String.self)
    client = clientID.map { Client(id: $0, name: clientName ?? "") }
    mergedInto = try Reference(row: &row)
    takeOver = try Stop(row: &row)
    suppression = try Stop(row: &row)
    isAwaitingReply = try row.next()
    nextFollowUp = try row.next(optional: Timestamp.self)
    createdAt = try row.next()
    updatedAt = try row.next()
    revision = try row.next()
  }
}
