import Postgres

/// A question to a lead, on its way from proposed to answered.
package struct Question: Sendable {
  package let id: ID<Question>
  package let lead: ID<Lead>
  package let text: String
  package let rationale: String
  package let category: Category
  package let status: Status
  package let origin: Origin
  package let isPinned: Bool
  package let fact: ID<Fact>?
  package let factName: String?
  package let citations: [Citation]
  package let authorName: String
  package let createdAt: Timestamp
  package let askedAt: Timestamp?
  /// As the provider named itself; nil where a person wrote it.
  package let model: String?
  package let promptReference: String?
  package let standing: Standing
  /// The newest; it counts.
  package let answer: DiscoveryAnswer?
  package let answerCount: Int
  /// Counts the wordings: an edit says which one it saw.
  package let revision: Int

  package enum Category: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case need, budget, timing, decision, constraints, competition, other
  }

  package enum Status: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case proposed, asked, answered, dismissed

    package var isOpen: Bool { self == .proposed || self == .asked }
  }

  package enum Origin: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case ai, playbook, human
  }

  /// Why it stands where it stands, each of a hundred.
  package struct Standing: Sendable {
    /// How near it is to what is known of the lead; nil where it was not placed yet.
    package let relevance: Int?
    /// How much its fact is needed: nothing where it is known.
    package let need: Int
    package let isFactMissing: Bool
  }

  /// With more than these waiting, no model is asked for others; the database holds it too.
  package static let proposedMax = 60
  /// What a search ends with where too many wait.
  package static let tooManyProposed = "too_many_proposed"

  package enum Refusal: Error, Equatable {
    /// This lead has the same question already, maybe dismissed.
    case alreadyThere
    case isAnswered, isDismissed, isOpen
    /// Somebody reworded it after the form was shown.
    case changedMeanwhile
    case factUnknown
  }
}

// MARK: - Reading

extension Question {
  /// All questions of a lead, and of those merged into it: open ones first, the next best before the
  /// others. What a person moved stands where it was put; the rest by need and nearness. An exact
  /// comparison: a lead has few.
  package static func all(of lead: ID<Lead>) -> Query<[Question]> {
    Query(
      "Question.all",
      """
      \(family(of: "\(lead)::uuid")) select \(columns) \(joins)
      where q.lead_id in (select id from family) order by \(order) limit 300
      """, all: Question.init(row:))
  }

  package static func find(_ id: ID<Question>) -> Query<Question?> {
    Query(
      "Question.find", "\(family(of: home(of: id))) select \(columns) \(joins) where q.id = \(id)",
      one: Question.init(row:))
  }

  static func locked(_ id: ID<Question>) -> Query<Question?> {
    Query(
      "Question.locked",
      """
      \(family(of: home(of: id))) select \(columns) \(joins) where q.id = \(id)
      for no key update of q
      """,
      one: Question.init(row:))
  }

  /// The open questions of the same lead in the order the page shows them.
  static func openInOrder(besides id: ID<Question>) -> Query<[(id: ID<Question>, isPinned: Bool)]> {
    Query(
      "Question.openInOrder",
      """
      \(family(of: home(of: id))) select q.id, q.position is not null \(joins)
      where q.lead_id in (select id from family) and q.status in ('proposed', 'asked')
      order by \(order) limit 300
      """, all: { row in (try row.next(), try row.next()) })
  }

  /// The lead that a question counts for: its own, or the one that was merged into.
  static func home(of question: ID<Question>) -> SQL {
    """
    (select coalesce(l.merged_into, l.id) from leads l
     join discovery_questions q on q.tenant_id = l.tenant_id and q.lead_id = l.id
     where q.id = \(question))
    """
  }

  /// Once for all rows: the lead with those merged into it, and the facts it has made known.
  private static func family(of home: SQL) -> SQL {
    """
    with home as materialized (select \(home) as id),
    family as materialized (
      select f.id from leads f
      where f.id = (select id from home) or f.merged_into = (select id from home)),
    known as materialized (
      select distinct o.fact_id from discovery_questions o
      where o.lead_id in (select id from family) and o.status = 'answered' and o.fact_id is not null)
    """
  }

  private static let order: SQL = """
    q.status not in ('proposed', 'asked'), q.status = 'dismissed', q.position nulls last,
    60 * \(need) + 40 * coalesce(\(relevance), 0.3) desc, q.id
    """

  private static let need: SQL = """
    (case when f.id is null then 0.3 when f.id in (select fact_id from known) then 0 else f.weight / 5.0 end)
    """

  private static let relevance: SQL = """
    (case when q.embedding_model = e.model then greatest(0, 1 - (q.embedding <=> e.embedding)) end)
    """

  private static let columns: SQL = """
    q.id, (select id from home), q.text, q.rationale, q.category, q.status, q.origin, q.position is not null,
    f.id, f.name, q.citations::text, m.display_name, q.created_at, q.asked_at, i.model,
    i.prompt_reference, round((100 * \(relevance))::numeric)::int, round((100 * \(need))::numeric)::int,
    f.id is not null and f.id not in (select fact_id from known), a.id, a.body, a.channel, a.actor_name, a.created_at,
    (select count(*) from discovery_answers x where x.tenant_id = q.tenant_id and x.question_id = q.id),
    q.revision
    """

  private static let joins: SQL = """
    from discovery_questions q
    join memberships m on m.tenant_id = q.tenant_id and m.user_id = q.created_by
    left join fact_definitions f on f.tenant_id = q.tenant_id and f.id = q.fact_id and f.retired_at is null
    left join ai_actions i on i.tenant_id = q.tenant_id and i.id = q.ai_action_id
    left join lead_embeddings e on e.tenant_id = q.tenant_id and e.lead_id = (select id from home)
    left join lateral (
      select r.id, r.body, r.channel, w.display_name as actor_name, r.created_at
      from discovery_answers r
      left join memberships w on w.tenant_id = r.tenant_id and w.user_id = r.actor_id
      where r.tenant_id = q.tenant_id and r.question_id = q.id order by r.id desc limit 1) a on true
    """

  private init(row: inout Row) throws {
    id = try row.next()
    lead = try row.next()
    text = try row.next()
    rationale = try row.next()
    category = try row.next()
    status = try row.next()
    origin = try row.next()
    isPinned = try row.next()
    fact = try row.next(optional: ID<Fact>.self)
    factName = try row.next(optional: String.self)
    let citations: String = try row.next()
    self.citations =
      try JSONValue(parsing: Array(citations.utf8)).array?.compactMap(\.citation) ?? []
    authorName = try row.next()
    createdAt = try row.next()
    askedAt = try row.next(optional: Timestamp.self)
    model = try row.next(optional: String.self)
    promptReference = try row.next(optional: String.self)
    standing = try Standing(
      relevance: row.next(optional: Int.self), need: row.next(), isFactMissing: row.next())
    answer = try DiscoveryAnswer(optional: &row)
    answerCount = try row.next()
    revision = try row.next()
  }
}

extension Question.Refusal {
  package init?(_ error: PostgresError) {
    switch error.constraint {
    case "discovery_questions_text_key": self = .alreadyThere
    case "discovery_questions_fact_fkey": self = .factUnknown
    case "discovery_questions_moves": self = .isAnswered
    default: return nil
    }
  }
}
