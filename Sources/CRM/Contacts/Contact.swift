import Postgres

/// A person; can stand at several leads.
package struct Contact: Sendable {
  package let id: ID<Contact>
  package let firstName: String?
  package let lastName: String?
  package let email: String?
  package let phone: String?
  package let isPrimary: Bool

  package var name: String {
    [firstName, lastName].compactMap { $0 }.joined(separator: " ")
  }

  /// Whatever is known to call the person by.
  package var words: String { name.isEmpty ? email ?? phone ?? "" : name }

  /// The lead's people, the primary one first.
  package static func all(of lead: ID<Lead>) -> Query<[Contact]> {
    Query(
      "Contact.all",
      """
      select c.id, c.first_name, c.last_name, c.email, c.phone, lc.is_primary
      from lead_contacts lc join contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
      where lc.lead_id = \(lead) and c.deleted_at is null
      order by lc.is_primary desc, c.id
      """, all: Contact.init(row:))
  }

  /// The people of the lead that a draft is for.
  package static func all(ofLeadWith draft: ID<Draft>) -> Query<[Contact]> {
    Query(
      "Contact.allOfDraft",
      """
      select c.id, c.first_name, c.last_name, c.email, c.phone, lc.is_primary
      from drafts d
      join lead_contacts lc on lc.tenant_id = d.tenant_id and lc.lead_id = d.lead_id
      join contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
      where d.id = \(draft) and c.deleted_at is null
      order by lc.is_primary desc, c.id
      """, all: Contact.init(row:))
  }

  /// The live contact with this address or else this number, locked: the person is known already.
  /// The tenant is named because an operator stands outside the fences.
  static func known(email: EmailAddress?, phone: PhoneNumber?) -> Query<Contact?> {
    Query(
      "Contact.known",
      """
      select c.id, c.first_name, c.last_name, c.email, c.phone, false from contacts c
      where c.tenant_id = (select app.tenant())
        and c.deleted_at is null and (c.email = \(email) or c.phone = \(phone))
      order by (c.email = \(email)) desc nulls last limit 1 for update
      """, one: Contact.init(row:))
  }

  init(row: inout Row) throws {
    id = try row.next()
    firstName = try row.next(optional: String.self)
    lastName = try row.next(optional: String.self)
    email = try row.next(optional: String.self)
    phone = try row.next(optional: String.self)
    isPrimary = try row.next()
  }
}

extension Contact {
  /// Field by field what an edit changes.
  func changes(to details: ContactDetails) -> [FieldChange] {
    [
      FieldChange("first_name", firstName, details.firstName),
      FieldChange("last_name", lastName, details.lastName),
      FieldChange("email", email, details.email?.text),
      FieldChange("phone", phone, details.phone?.text),
    ].compactMap { $0 }
  }
}

/// What a form says about a person.
package struct ContactDetails: Sendable, Equatable {
  package let firstName: String?
  package let lastName: String?
  package let email: EmailAddress?
  package let phone: PhoneNumber?

  package init(firstName: String?, lastName: String?, email: EmailAddress?, phone: PhoneNumber?) {
    self.firstName = firstName
    self.lastName = lastName
    self.email = email
    self.phone = phone
  }

  package var isEmpty: Bool { firstName == nil && lastName == nil && email == nil && phone == nil }

  func insert(as id: ID<Contact>, in tx: Transaction<some Entry>) {
    tx.run(
      "Contact.insert",
      """
      insert into contacts (tenant_id, id, first_name, last_name, email, phone)
      values (app.tenant(), \(id), \(firstName), \(lastName), \(email), \(phone))
      """)
  }

  /// Adds what was not known; what is known stays.
  func fillBlanks(of contact: Contact, in tx: Transaction<some Entry>) {
    tx.run(
      "Contact.fillBlanks",
      """
      update contacts
      set first_name = coalesce(first_name, \(firstName)), last_name = coalesce(last_name, \(lastName)),
          email = coalesce(email, \(email)), phone = coalesce(phone, \(phone))
      where id = \(contact.id)
      """)
  }

  func replace(_ contact: Contact, in tx: Transaction<some Entry>) {
    tx.run(
      "Contact.replace",
      """
      update contacts
      set first_name = \(firstName), last_name = \(lastName), email = \(email), phone = \(phone)
      where id = \(contact.id)
      """)
  }

  static func link(_ contact: ID<Contact>, to lead: ID<Lead>, in tx: Transaction<some Entry>) {
    tx.run(
      "Contact.link",
      """
      insert into lead_contacts (tenant_id, lead_id, contact_id, is_primary)
      values (app.tenant(), \(lead), \(contact), true)
      """)
  }
}
