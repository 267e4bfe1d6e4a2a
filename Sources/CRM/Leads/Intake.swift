import Postgres
import Text

/// A lead on its way in, from a form, an import, or whatever else brings one: one function for all.
package struct Intake: Sendable {
  package let details: LeadDetails
  /// What the person wrote: the lead's first inbound message.
  package let message: String?
  package let duplicates: DuplicateRule

  package enum DuplicateRule: Sendable {
    /// Leads that this one may be are shown first.
    case ask
    /// They were looked at, or nobody is there to look. A known person stays one contact.
    case addAnyway
  }

  package init(
    _ details: LeadDetails, message: String? = nil, duplicates: DuplicateRule = .addAnyway
  ) {
    self.details = details
    self.message = message
    self.duplicates = duplicates
  }

  /// Thrown where the rule is to ask: the leads that this one may be.
  package struct DuplicatesFound: Error {
    package let leads: [Duplicate]
  }
}

/// A live lead that a new one may be.
package struct Duplicate: Sendable {
  package let lead: LeadSummary
  /// By address or number; else the name and the company are similar.
  package let isSamePerson: Bool
  /// The person it was found by, not always its primary one.
  package let person: String?

  /// Live leads that this one may be the same as.
  package static func all(ofLead lead: ID<Lead>) -> Query<[Duplicate]> {
    Query(
      "Duplicate.ofLead",
      """
      select \(LeadSummary.columns), f.is_same_person, f.person
      from leads mine
      cross join lateral app.find_duplicates(mine.contact_email, mine.contact_phone, mine.contact_name, mine.company) f
      join leads l on l.tenant_id = mine.tenant_id and l.id = f.id and l.id <> mine.id
      \(LeadSummary.owner) where mine.id = \(lead) order by f.is_same_person desc, l.id desc
      """,
      all: Duplicate.init(row:))
  }

  static func all(of details: LeadDetails) -> Query<[Duplicate]> {
    let person = details.contact
    let name = [person.firstName, person.lastName].compactMap { $0 }.joined(separator: " ")
    return Query(
      "Duplicate.all",
      """
      select \(LeadSummary.columns), f.is_same_person, f.person
      from app.find_duplicates(\(person.email), \(person.phone), \(name.isEmpty ? nil : name), \(details.company)) f
      join leads l on l.tenant_id = (select app.tenant()) and l.id = f.id
      \(LeadSummary.owner) order by f.is_same_person desc, l.id desc
      """,
      all: Duplicate.init(row:))
  }
}

extension Duplicate {
  fileprivate init(row: inout Row) throws {
    lead = try LeadSummary(row: &row)
    isSamePerson = try row.next()
    person = try row.next(optional: String.self)
  }
}

extension Lead {
  /// Captures a lead. The person becomes a contact, or is found among the contacts by address or
  /// number, and keeps what was known of them; one known with another address or number is refused. Who is
  /// not given an owner gets one by the tenant's strategy; a language that is not given is detected.
  package static func capture(
    _ intake: Intake, as id: ID<Lead> = ID(), in tx: Transaction<some Entry>
  ) throws {
    let details = intake.details
    let person = details.contact
    let (_, others, known, duplicates, choice) = try tx.look(
      Person.leadIDs(of: Contact.knownIDs(as: person), and: id), Contact.known(as: person),
      Duplicate.all(of: details), Assignment.choice(source: details.source))
    if case .ask = intake.duplicates, !duplicates.isEmpty {
      throw Intake.DuplicatesFound(leads: duplicates)
    }
    let contact = person.isEmpty ? nil : try person.settle(among: known, telling: others, in: tx).0
    let owner = details.owner ?? choice?.owner
    tx.run(
      "Lead.insert",
      """
      insert into leads (tenant_id, id, title, description, company, source, owner_id, estimated_value, expected_close_date, tags, language,
                         created_by)
      values (app.tenant(), \(id), \(details.title), \(details.description), \(details.company), \(details.source),
              \(owner), \(details.estimatedValue), \(details.expectedClose?.text)::date,
              \(SQL.texts(details.tags?.words ?? [])), \(intake.language), app.actor())
      """)
    tx.run(
      "StageStep.start",
      """
      insert into lead_stage_history (tenant_id, id, lead_id, to_stage, actor_id)
      values (app.tenant(), \(ID<StageStep>()), \(id), 'new', app.actor())
      """)
    if let contact { ContactDetails.link(contact, to: id, in: tx) }
    tx.record(.leadCreated(id, contact: contact, source: details.source))
    if let owner {
      let chosen = details.owner == nil ? choice : nil
      Assignment.give(
        [(id, nil)], to: owner, by: chosen?.strategy ?? .manual, reason: chosen?.reason, in: tx)
    }
    if let message = intake.message { Message.begin(message, from: id, in: tx) }
  }
}

extension Intake {
  /// The one given, or that of what was written; nil for any other than ours.
  fileprivate var language: WrittenLanguage? {
    details.language
      ?? WrittenLanguage.detect(
        [details.title, details.description, message ?? ""].joined(separator: "\n"))
  }
}
