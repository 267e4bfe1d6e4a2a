import Postgres

/// Something that must be known before a scope or an estimate can be written.
package struct Fact: Sendable {
  package let id: ID<Fact>
  package let details: FactDetails
  package let isRetired: Bool

  package var name: String { details.name }

  package enum Refusal: Error, Equatable {
    /// Another fact has this name.
    case nameTaken
  }

  /// In the tenant's order; the retired ones last, where they are wanted.
  package static func all(evenRetired: Bool = false) -> Query<[Fact]> {
    Query(
      "Fact.all",
      """
      select id, name, question, weight, for_scope, for_estimate, retired_at is not null from fact_definitions
      where \(evenRetired) or retired_at is null
      order by retired_at is not null, position, id limit 200
      """, all: Fact.init(row:))
  }

  static func locked(_ id: ID<Fact>) -> Query<Fact?> {
    Query(
      "Fact.locked",
      """
      select id, name, question, weight, for_scope, for_estimate, retired_at is not null
      from fact_definitions where id = \(id) for no key update
      """, one: Fact.init(row:))
  }

  private init(row: inout Row) throws {
    id = try row.next()
    details = try FactDetails(
      name: row.next(), question: row.next(), weight: row.next(), forScope: row.next(),
      forEstimate: row.next())
    isRetired = try row.next()
  }
}

/// What a form says about a fact.
package struct FactDetails: Sendable, Equatable {
  package let name: String
  /// The plain question that asks for it.
  package let question: String
  /// 1, nice to know, to 5, nothing goes on without it.
  package let weight: Int
  package let forScope: Bool
  package let forEstimate: Bool

  package static let weights = 1...5

  package init(name: String, question: String, weight: Int, forScope: Bool, forEstimate: Bool) {
    self.name = name
    self.question = question
    self.weight = weight
    self.forScope = forScope
    self.forEstimate = forEstimate
  }

  private var words: String {
    "\(name) | \(question) | \(weight)\(forScope ? " | scope" : "")\(forEstimate ? " | estimate" : "")"
  }

  fileprivate static func changes(from old: FactDetails?, to new: FactDetails?) -> [FieldChange] {
    [FieldChange("fact", old?.words, new?.words)].compactMap { $0 }
  }
}

extension Fact {
  /// Adds a fact at the end of the list.
  package static func add(_ details: FactDetails, in tx: Transaction<some Entry>) {
    let id = ID<Fact>()
    tx.run(
      "Fact.add",
      """
      insert into fact_definitions (tenant_id, id, name, question, weight, for_scope, for_estimate, position)
      select app.tenant(), \(id), \(details.name), \(details.question), \(details.weight),
             \(details.forScope), \(details.forEstimate), coalesce(max(position), 0) + 1
      from fact_definitions where tenant_id = (select app.tenant())
      """)
    tx.audit(
      FactDetails.changes(from: nil, to: details).map { AuditRow("fact_added", of: "fact", id, $0) }
    )
  }

  package static func edit(
    _ id: ID<Fact>, _ details: FactDetails, seen mark: String?, in tx: Transaction<some Entry>
  ) throws {
    let (_, found) = try tx.look(locked(id))
    guard let fact = found else { throw NotFound() }
    guard fact.details.mark == mark else { throw SettingChanged() }
    tx.run(
      "Fact.edit",
      """
      update fact_definitions
      set name = \(details.name), question = \(details.question), weight = \(details.weight),
          for_scope = \(details.forScope), for_estimate = \(details.forEstimate) where id = \(id)
      """)
    tx.audit(
      FactDetails.changes(from: fact.details, to: details)
        .map { AuditRow("fact_edited", of: "fact", id, $0) })
  }

  /// Takes a fact out of the meter, or back in. Questions that ask for it keep it.
  package static func retire(
    _ id: ID<Fact>, _ isRetired: Bool, in tx: Transaction<some Entry>
  ) throws {
    let (_, found) = try tx.look(locked(id))
    guard found != nil else { throw NotFound() }
    tx.run(
      "Fact.retire",
      """
      update fact_definitions set retired_at = case when \(isRetired) then now() end where id = \(id)
      """)
    tx.audit([AuditRow(isRetired ? "fact_retired" : "fact_restored", of: "fact", id)])
  }
}

extension Fact.Refusal {
  package init?(_ error: PostgresError) {
    guard error.constraint == "fact_definitions_name_key" else { return nil }
    self = .nameTaken
  }
}
