import Postgres

/// A contact on its own page: who it is, and where it stands.
package struct Person: Sendable {
  package let contact: Contact
  /// When it was changed last, in microseconds: an edit says which state it saw.
  package let version: Int
  package let isDeleted: Bool
  /// Their address or number is on the tenant's do-not-contact list.
  package let isListed: Bool

  package enum Refusal: Error, Equatable {
    case changedMeanwhile, withItself
    /// Nothing would be left of the person.
    case emptied
    case emailAlreadyKnown, phoneAlreadyKnown
    /// One of the two is not to be contacted and the other may be.
    case permissionsDiffer
  }

  package static func find(_ id: ID<Contact>) -> Query<Person?> {
    Query("Person.find", "\(record) where c.id = \(id)", one: Person.init(row:))
  }

  fileprivate static func locked(_ ids: [ID<Contact>]) -> Query<[Person]> {
    Query(
      "Person.locked",
      "\(record) where c.id = any (\(SQL.ids(ids))) and c.deleted_at is null order by c.id for no key update of c",
      all: Person.init(row:))
  }

  private static let record: SQL = """
    select \(Contact.columns),
           (extract(epoch from c.updated_at) * 1000000)::bigint, c.deleted_at is not null,
           exists (select from dnc_entries e where e.tenant_id = c.tenant_id and e.removed_at is null
                     and e.address = any (array[c.email::text, c.phone::text]))
    from contacts c
    """

  private init(row: inout Row) throws {
    contact = try Contact(row: &row)
    version = try row.next()
    isDeleted = try row.next()
    isListed = try row.next()
  }

  /// One of the leads a person stands at, and what they are to it.
  package struct Standing: Sendable {
    package let lead: LeadSummary
    package let role: String?
  }

  /// Newest first, 100 at most.
  package static func leads(of contact: ID<Contact>) -> Query<[Standing]> {
    Query(
      "Person.leads",
      """
      select \(LeadSummary.columns), p.role from lead_contacts p
      join leads l on l.tenant_id = p.tenant_id and l.id = p.lead_id and l.deleted_at is null
      \(LeadSummary.owner) where p.contact_id = \(contact) order by l.id desc limit 100
      """,
      all: { row in
        Standing(lead: try LeadSummary(row: &row), role: try row.next(optional: String.self))
      })
  }

  /// How many live leads besides this one its primary person stands at.
  package static func otherLeads(of lead: ID<Lead>) -> Query<Int> {
    Query(
      "Person.otherLeads",
      """
      select count(*) from lead_contacts me
      join lead_contacts p on p.tenant_id = me.tenant_id and p.contact_id = me.contact_id and p.lead_id <> me.lead_id
      join leads l on l.tenant_id = p.tenant_id and l.id = p.lead_id and l.deleted_at is null
      where me.lead_id = \(lead) and me.is_primary
      """, only: { try $0.next() })
  }

  /// People by name, address or number, wherever they stand; similar ones where nobody has these words.
  /// 50 at most.
  package static func search(_ words: String) -> Query<[Contact]> {
    Query(
      "Person.search",
      """
      select \(Contact.columns)
      from app.find_contacts(\(words), 50) f
      join contacts c on c.tenant_id = (select app.tenant()) and c.id = f.id
      order by c.last_name, c.first_name, c.id
      """, all: Contact.init(row:))
  }
}

extension Person {
  /// Saves an edit of the person as they stood at `version`; the leads they stand at are told.
  package static func edit(
    _ id: ID<Contact>, seen version: Int, _ details: ContactDetails, in tx: Transaction<some Entry>
  ) throws {
    let (_, leads, people) = try tx.look(leadIDs(of: "select \(id)::uuid"), locked([id]))
    guard let person = people.first else { throw NotFound() }
    guard person.version == version else { throw Refusal.changedMeanwhile }
    guard !details.isEmpty else { throw Refusal.emptied }
    details.replace(person.contact, in: tx)
    person.contact.tell(person.contact.changes(to: details), to: leads, in: tx)
  }

  /// The live leads that `contacts`, a subquery, stand at, and this one with them: locked in the order of
  /// everybody else, before the people are.
  static func leadIDs(of contacts: SQL, and lead: ID<Lead>? = nil) -> Query<[ID<Lead>]> {
    Query(
      "Person.leadIDs",
      """
      select l.id from leads l
      where l.deleted_at is null and l.id in (
        select p.lead_id from lead_contacts p where p.contact_id in (\(contacts)) union all select \(lead)::uuid)
      order by l.id for no key update of l
      """, all: { try $0.next() })
  }
}

extension Contact {
  /// Writes what an edit changed to the log, and to each of these leads.
  func tell(_ changes: [FieldChange], to leads: [ID<Lead>], in tx: Transaction<some Entry>) {
    guard !changes.isEmpty else { return }
    tx.audit(changes.map { AuditRow("contact_edited", of: "contact", id, $0) })
    tx.record(leads.map { .leadUpdated($0, changes: changes) })
  }
}

extension Person.Refusal {
  package init?(_ error: PostgresError) {
    switch error.constraint {
    case "contacts_email_key": self = .emailAlreadyKnown
    case "contacts_phone_key": self = .phoneAlreadyKnown
    default: return nil
    }
  }
}

/// Two contacts that turn out to be one person: `other` goes into `kept`, with all the leads it stands at.
package struct PersonMerge: Sendable {
  package enum Field: String, CaseIterable, Sendable {
    case firstName = "first_name"
    case lastName = "last_name"
    case email, phone
  }

  package struct Seen: Sendable {
    package let id: ID<Contact>
    package let version: Int

    package init(_ id: ID<Contact>, version: Int) {
      self.id = id
      self.version = version
    }
  }

  package let kept: Seen
  package let other: Seen
  package let taken: Set<Field>

  package init(keeping kept: Seen, other: Seen, taking taken: Set<Field>) {
    self.kept = kept
    self.other = other
    self.taken = taken
  }

  package func carryOut(as operation: ID<Operation>, in tx: Transaction<some Entry>) throws {
    guard kept.id != other.id else { throw Person.Refusal.withItself }
    let (_, leads, people) = try tx.look(
      Person.leadIDs(of: "select unnest(\(SQL.ids([kept.id, other.id])))"),
      Person.locked([kept.id, other.id]))
    guard let stays = people.first(where: { $0.contact.id == kept.id }),
      let goes = people.first(where: { $0.contact.id == other.id })
    else { throw NotFound() }
    guard stays.version == kept.version, goes.version == other.version else {
      throw Person.Refusal.changedMeanwhile
    }
    guard stays.isListed == goes.isListed else { throw Person.Refusal.permissionsDiffer }
    let changes = self.changes(of: stays.contact, from: goes.contact)
    tx.operate(.merge, "contacts", as: operation) {
      moveLeads(in: tx)
      // The address is free for the one that stays once the other is gone.
      tx.run("PersonMerge.go", "update contacts set deleted_at = now() where id = \(other.id)")
      tx.run(
        "PersonMerge.take",
        """
        update contacts k
        set first_name = case when \(taken.contains(.firstName)) then o.first_name else k.first_name end,
            last_name = case when \(taken.contains(.lastName)) then o.last_name else k.last_name end,
            email = case when \(taken.contains(.email)) then o.email else k.email end,
            phone = case when \(taken.contains(.phone)) then o.phone else k.phone end
        from contacts o where k.id = \(kept.id) and o.id = \(other.id)
        """)
      tx.audit(
        [AuditRow("contact_merged", of: "contact", other.id)]
          + changes.map { AuditRow("contact_merged", of: "contact", kept.id, $0) })
      tx.record(
        leads.map {
          .leadUpdated(
            $0,
            changes: [FieldChange("contacts", goes.contact.words, stays.contact.words)].compactMap {
              $0
            } + changes)
        })
    }
  }

  private func changes(of stays: Contact, from goes: Contact) -> [FieldChange] {
    func change(_ field: Field, _ value: KeyPath<Contact, String?>) -> FieldChange? {
      taken.contains(field)
        ? FieldChange(field.rawValue, stays[keyPath: value], goes[keyPath: value]) : nil
    }
    return [
      change(.firstName, \.firstName), change(.lastName, \.lastName), change(.email, \.email),
      change(.phone, \.phone),
    ].compactMap { $0 }
  }

  private func moveLeads(in tx: Transaction<some Entry>) {
    tx.run(
      "PersonMerge.moveLeads",
      "select app.move_leads(\(other.id), \(kept.id))")
  }
}
