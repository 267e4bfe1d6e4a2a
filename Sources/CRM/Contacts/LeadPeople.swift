import Postgres

/// The people of a lead: one is primary, the others stand beside.
extension Lead {
  /// Adds a person: one who is known by address or number is found, anybody else becomes a contact. The
  /// first person of a lead is its primary one. Who stands there already raises `lead_contacts_pkey`.
  package func add(_ person: ContactDetails, in tx: Transaction<some Entry>) {
    let contact = ID<Contact>()
    tx.run(
      "Contact.addUnknown",
      """
      insert into contacts (tenant_id, id, first_name, last_name, email, phone)
      values (app.tenant(), \(contact), \(person.firstName), \(person.lastName), \(person.email), \(person.phone))
      on conflict do nothing
      """)
    tx.run(
      "Contact.linkKnown",
      """
      insert into lead_contacts (tenant_id, lead_id, contact_id, is_primary)
      select c.tenant_id, \(id), c.id, not exists (select from lead_contacts where lead_id = \(id))
      from contacts c
      where c.deleted_at is null and (c.id = \(contact) or c.email = \(person.email) or c.phone = \(person.phone))
      order by c.id = \(contact) desc, (c.email = \(person.email)) desc nulls last limit 1
      """)
    record(added: person.words, in: tx)
  }

  /// Looks at the lead and its people, locked, and lets `decide` queue the changes.
  package static func changePeople(
    _ id: ID<Lead>, _ contact: ID<Contact>, in tx: Transaction<some Entry>,
    _ decide: (Lead, Contact) throws -> Void
  ) throws {
    let (_, locked, people) = try tx.look(Lead.locked(id), Contact.all(of: id))
    guard let lead = locked, let person = people.first(where: { $0.id == contact }) else {
      throw NotFound()
    }
    guard lead.life != .deleted else { throw Refusal.isDeleted }
    try decide(lead, person)
  }

  package func makePrimary(_ person: Contact, in tx: Transaction<some Entry>) throws {
    guard !person.isPrimary else { throw Refusal.alreadyThere }
    tx.run(
      "Contact.stepBack",
      "update lead_contacts set is_primary = false where lead_id = \(id) and is_primary")
    tx.run(
      "Contact.makePrimary",
      "update lead_contacts set is_primary = true where lead_id = \(id) and contact_id = \(person.id)"
    )
    tx.record(
      .leadUpdated(
        id, changes: [FieldChange("primary_contact", nil, person.words)].compactMap { $0 }))
  }

  /// Takes a person off the lead; the contact stays. The primary one stays until another takes its place.
  package func remove(_ person: Contact, in tx: Transaction<some Entry>) throws {
    guard !person.isPrimary else { throw Refusal.isPrimary }
    tx.run(
      "Contact.unlink",
      "delete from lead_contacts where lead_id = \(id) and contact_id = \(person.id)")
    tx.record(
      .leadUpdated(id, changes: [FieldChange("contacts", person.words, nil)].compactMap { $0 }))
  }

  private func record(added words: String, in tx: Transaction<some Entry>) {
    tx.record(.leadUpdated(id, changes: [FieldChange("contacts", nil, words)].compactMap { $0 }))
  }
}

extension ContactDetails {
  fileprivate var words: String {
    let name = [firstName, lastName].compactMap { $0 }.joined(separator: " ")
    return name.isEmpty ? email?.text ?? phone?.text ?? "" : name
  }
}
