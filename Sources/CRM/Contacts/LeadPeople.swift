import Postgres

/// The people of a lead: one is primary, the others stand beside.
extension Lead {
  /// Adds a person: one who is known by address or number is found, and what was not known of them is
  /// filled in; anybody else becomes a contact. The first person of a lead is its primary one. Who stands
  /// there already raises `lead_contacts_pkey`.
  package static func add(
    _ person: ContactDetails, as role: String?, to id: ID<Lead>, in tx: Transaction<some Entry>
  ) throws {
    let (_, leads, locked, people, known) = try tx.look(
      Person.leadIDs(of: Contact.knownIDs(as: person), and: id), Lead.locked(id),
      Contact.all(of: id), Contact.known(as: person))
    guard let lead = locked else { throw NotFound() }
    guard lead.life != .deleted else { throw Refusal.isDeleted }
    guard !person.isEmpty else { throw Refusal.personNeeded }
    let (contact, words) = try person.settle(
      among: known, telling: leads.filter { $0 != id }, in: tx)
    ContactDetails.link(contact, to: id, isPrimary: people.isEmpty, role: role, in: tx)
    tx.record(
      .leadUpdated(
        id,
        changes: [FieldChange("contacts", nil, role.map { "\(words) (\($0))" } ?? words)]
          .compactMap { $0 }))
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
      "Contact.unlink", "select app.unlink_contact(\(id), \(person.id))")
    tx.record(
      .leadUpdated(id, changes: [FieldChange("contacts", person.words, nil)].compactMap { $0 }))
  }

  /// Says what a person is to the lead; `seen` is what the form showed.
  package func setRole(
    of person: Contact, to role: String?, seen: String, in tx: Transaction<some Entry>
  ) throws {
    guard person.role ?? "" == seen else { throw Refusal.changedMeanwhile }
    guard person.role != role else { return }
    tx.run(
      "Contact.setRole",
      "update lead_contacts set role = \(role) where lead_id = \(id) and contact_id = \(person.id)")
    let now = role.map { "\(person.words) (\($0))" } ?? person.words
    tx.record(
      .leadUpdated(
        id, changes: [FieldChange("contacts", person.wordsWithRole, now)].compactMap { $0 }))
  }
}

extension ContactDetails {
  /// Finds the person among those `known` by address or number and fills in what was not known of them,
  /// or makes a new contact; and says whom. Refused where they are two, or one who is known with another
  /// address or number: nothing that was typed is dropped unsaid.
  func settle(
    among known: [Contact], telling leads: [ID<Lead>], in tx: Transaction<some Entry>
  ) throws -> (ID<Contact>, words: String) {
    guard known.count < 2 else { throw Lead.Refusal.twoPeople }
    guard let contact = known.first else {
      let id = ID<Contact>()
      insert(as: id, in: tx)
      return (id, words)
    }
    guard contact.email == nil || email == nil || contact.email == email?.text else {
      throw Lead.Refusal.emailDiffers
    }
    guard contact.phone == nil || phone == nil || contact.phone == phone?.text else {
      throw Lead.Refusal.phoneDiffers
    }
    fillBlanks(of: contact, in: tx)
    contact.tell(contact.blanks(filledFrom: self), to: leads, in: tx)
    return (contact.id, contact.words)
  }

  fileprivate var words: String {
    let name = [firstName, lastName].compactMap { $0 }.joined(separator: " ")
    return name.isEmpty ? email?.text ?? phone?.text ?? "" : name
  }
}

extension Contact {
  fileprivate func blanks(filledFrom person: ContactDetails) -> [FieldChange] {
    func filled(_ field: String, _ known: String?, _ typed: String?) -> FieldChange? {
      known == nil ? FieldChange(field, nil, typed) : nil
    }
    return [
      filled("first_name", firstName, person.firstName),
      filled("last_name", lastName, person.lastName),
      filled("email", email, person.email?.text), filled("phone", phone, person.phone?.text),
    ].compactMap { $0 }
  }
}
