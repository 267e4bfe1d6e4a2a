import Postgres

/// A good question to ask again.
package struct BankQuestion: Sendable {
  package let id: ID<BankQuestion>
  package let details: BankQuestionDetails
  package let factName: String?
  package let isRetired: Bool

  package enum Refusal: Error, Equatable {
    /// The bank holds this question already.
    case alreadyThere
    case factUnknown
  }

  /// What it was good for.
  package struct Record: Sendable {
    package let question: BankQuestion
    package let timesAsked: Int
    package let timesAnswered: Int
    /// Leads that came to the proposal after it was asked.
    package let ledToProposal: Int
    /// From 0, the same words, to 2; nil where nothing was searched.
    package let distancePercent: Int?
  }
}

/// What a form says about a bank question.
package struct BankQuestionDetails: Sendable, Equatable {
  package let text: String
  package let rationale: String
  package let category: Question.Category
  package let fact: ID<Fact>?

  package init(text: String, rationale: String, category: Question.Category, fact: ID<Fact>?) {
    self.text = text
    self.rationale = rationale
    self.category = category
    self.fact = fact
  }
}

// MARK: - Reading

extension BankQuestion {
  package static let pageSize = 50

  /// Newest first, one row more than a page.
  package static func page(
    isRetired: Bool, after: ID<BankQuestion>? = nil
  ) -> Query<[Record]> {
    Query(
      "BankQuestion.page",
      """
      select \(columns), null::int
      from question_bank b \(record)
      where (b.retired_at is not null) = \(isRetired) and (\(after)::uuid is null or b.id < \(after))
      order by b.id desc limit 51
      """, all: Record.init(row:))
  }

  /// The ten nearest to a text, the nearest first.
  package static func nearest(to text: String) -> Query<[Record]> {
    Query(
      "BankQuestion.nearest",
      """
      select \(columns), round(100 * n.distance)::int
      from app.nearest_questions(\(Playbook.place(text))::vector, \(Playbook.rule), 10) n
      join question_bank b on b.id = n.id
      \(record) order by n.distance, b.id
      """, all: Record.init(row:))
  }

  /// What somebody may choose from for a lead: the ten nearest to the words, or else the newest; what
  /// was asked of it already is left out.
  package static func offered(to lead: ID<Lead>, words: String?) -> Query<[Record]> {
    let found: SQL =
      words.map {
        "app.nearest_questions(\(Playbook.place($0))::vector, \(Playbook.rule), 30)"
      }
      ?? "(select id, null::real as distance from question_bank where retired_at is null order by id desc limit 50)"
    return Query(
      "BankQuestion.offered",
      """
      select \(columns), round(100 * n.distance)::int
      from \(found) n join question_bank b on b.id = n.id
      \(record)
      where not exists (
        select from discovery_questions q
        where q.tenant_id = b.tenant_id and q.lead_id in \(Lead.family(of: lead))
          and (q.bank_question_id = b.id or lower(q.text) = lower(b.text)))
      order by n.distance, b.id desc limit \(words == nil ? 50 : 10)
      """, all: Record.init(row:))
  }

  package static func find(_ id: ID<BankQuestion>) -> Query<BankQuestion?> {
    Query(
      "BankQuestion.find",
      """
      select b.id, b.text, b.rationale, b.category, b.fact_id, f.name, b.retired_at is not null
      from question_bank b left join fact_definitions f on f.tenant_id = b.tenant_id and f.id = b.fact_id
      where b.id = \(id)
      """, one: BankQuestion.init(row:))
  }

  /// What a generation may choose from: the nearest to the lead's words, and not asked of it yet.
  static func candidates(near place: Embedding, for lead: ID<Lead>) -> Query<[BankQuestion]> {
    Query(
      "BankQuestion.candidates",
      """
      select b.id, b.text, b.rationale, b.category, b.fact_id, f.name, false
      from app.nearest_questions(\(place)::vector, \(Playbook.rule), 40) n
      join question_bank b on b.id = n.id
      left join fact_definitions f on f.tenant_id = b.tenant_id and f.id = b.fact_id
      where not exists (select from discovery_questions q
                        where q.tenant_id = b.tenant_id and q.bank_question_id = b.id
                          and q.lead_id in \(Lead.family(of: lead)))
      order by n.distance, b.id
      """, all: BankQuestion.init(row:))
  }

  private static let columns: SQL = """
    b.id, b.text, b.rationale, b.category, b.fact_id, f.name, b.retired_at is not null,
    s.asked, s.answered, s.led
    """

  private static let record: SQL = """
    left join fact_definitions f on f.tenant_id = b.tenant_id and f.id = b.fact_id
    left join lateral (
      select count(*) filter (where q.asked_at is not null) as asked,
             count(*) filter (where q.status = 'answered') as answered,
             count(distinct q.lead_id) filter (where exists (
               select from lead_stage_history h
               where h.tenant_id = q.tenant_id and h.lead_id = q.lead_id and h.to_stage = 'proposal'
                 and h.created_at >= q.asked_at)) as led
      from discovery_questions q
      join leads l on l.tenant_id = q.tenant_id and l.id = q.lead_id and not l.is_test
      where q.tenant_id = b.tenant_id and q.bank_question_id = b.id and q.asked_at is not null) s on true
    """

  fileprivate init(row: inout Row) throws {
    id = try row.next()
    details = try BankQuestionDetails(
      text: row.next(), rationale: row.next(), category: row.next(),
      fact: row.next(optional: ID<Fact>.self))
    factName = try row.next(optional: String.self)
    isRetired = try row.next()
  }
}

extension BankQuestion.Record {
  fileprivate init(row: inout Row) throws {
    question = try BankQuestion(row: &row)
    timesAsked = try row.next()
    timesAnswered = try row.next()
    ledToProposal = try row.next()
    distancePercent = try row.next(optional: Int.self)
  }
}

// MARK: - Writing

extension BankQuestion {
  package static func add(
    _ details: BankQuestionDetails, as id: ID<BankQuestion> = ID(), in tx: Transaction<some Entry>
  ) {
    tx.run(
      "BankQuestion.add",
      """
      insert into question_bank (tenant_id, id, text, rationale, category, fact_id, embedding, embedding_model)
      values (app.tenant(), \(id), \(details.text), \(details.rationale), \(details.category),
              \(details.fact), \(Playbook.place(details.text)), \(Playbook.rule))
      """)
    tx.audit([
      AuditRow(
        "bank_question_added", of: "bank_question", id, FieldChange("text", nil, details.text))
    ])
  }

  package static func edit(
    _ id: ID<BankQuestion>, _ details: BankQuestionDetails, seen mark: String?,
    in tx: Transaction<some Entry>
  ) throws {
    let (_, _, found) = try tx.look(Tenant.lockedForSettings, find(id))
    guard let question = found else { throw NotFound() }
    guard question.details.mark == mark else { throw SettingChanged() }
    tx.run(
      "BankQuestion.edit",
      """
      update question_bank
      set text = \(details.text), rationale = \(details.rationale), category = \(details.category),
          fact_id = \(details.fact), embedding = \(Playbook.place(details.text)),
          embedding_model = \(Playbook.rule)
      where id = \(id)
      """)
    let old = question.details
    let changes = [
      FieldChange("text", old.text, details.text),
      FieldChange("rationale", old.rationale, details.rationale),
      FieldChange("category", old.category.rawValue, details.category.rawValue),
      FieldChange("fact", old.fact?.description, details.fact?.description),
    ].compactMap { $0 }
    tx.audit(changes.map { AuditRow("bank_question_edited", of: "bank_question", id, $0) })
  }

  package static func retire(
    _ id: ID<BankQuestion>, _ isRetired: Bool, in tx: Transaction<some Entry>
  ) throws {
    let (_, found) = try tx.look(find(id))
    guard found != nil else { throw NotFound() }
    tx.run(
      "BankQuestion.retire",
      "update question_bank set retired_at = case when \(isRetired) then now() end where id = \(id)"
    )
    tx.audit([
      AuditRow(
        isRetired ? "bank_question_retired" : "bank_question_restored", of: "bank_question", id)
    ])
  }
}

extension BankQuestion.Refusal {
  package init?(_ error: PostgresError) {
    switch error.constraint {
    case "question_bank_text_key": self = .alreadyThere
    case "question_bank_fact_fkey": self = .factUnknown
    default: return nil
    }
  }
}
