import Postgres

/// A person; can stand at several leads.
package struct Contact: Sendable {
  package let id: ID<Contact>
  package let firstName: String?
  package let lastName: String?
  package let email: String?
  package let phone: String?
  /// At the lead that it was looked up with.
  package let isPrimary: Bool
  /// What they are to that lead, in a few words; nil where nobody said.
  package let role: String?

  package var name: String {
    [firstName, lastName].compactMap { $0 }.joined(separator: " ")
  }

  /// Whatever is known to call the person by.
  package var words: String { name.isEmpty ? email ?? phone ?? "" : name }

  /// The same with the role.
  package var wordsWithRole: String { role.map { "\(words) (\($0))" } ?? words }

  /// The lead's people, the primary one first.
  package static func all(of lead: ID<Lead>) -> Query<[Contact]> {
    Query(
      "Contact.all",
      """
      select \(columns), lc.is_primary, lc.role
      from lead_contacts lc join contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
      where lc.lead_id = \(lead) and c.deleted_at is null
      order by lc.is_primary desc, c.id
      """, all: Contact.init(atLead:))
  }

  /// The people of the lead that a draft is for.
  package static func all(ofLeadWith draft: ID<Draft>) -> Query<[Contact]> {
    Query(
      "Contact.allOfDraft",
      """
      select \(columns), lc.is_primary, lc.role
      from drafts d
      join lead_contacts lc on lc.tenant_id = d.tenant_id and lc.lead_id = d.lead_id
      join contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
      where d.id = \(draft) and c.deleted_at is null
      order by lc.is_primary desc, c.id
      """, all: Contact.init(atLead:))
  }

  /// The live contacts with this address or this number, locked, that of the address first: the person is
  /// known already.
  static func known(as person: ContactDetails) -> Query<[Contact]> {
    Query(
      "Contact.known",
      """
      select \(columns) from contacts c where \(isKnown(as: person))
      order by (c.email = \(person.email)) desc nulls last for update
      """, all: Contact.init(row:))
  }

  /// Their ids. The tenant is named because an operator stands outside the fences.
  static func knownIDs(as person: ContactDetails) -> SQL {
    "select c.id from contacts c where \(isKnown(as: person))"
  }

  /// Whom a form of the lead is about: its primary person, or, where it has none, who is known by what
  /// was typed.
  static func meantIDs(by person: ContactDetails, of lead: ID<Lead>) -> SQL {
    let primary: SQL =
      "select p.contact_id from lead_contacts p where p.lead_id = \(lead) and p.is_primary"
    return "\(primary) union all \(knownIDs(as: person)) and not exists (\(primary))"
  }

  private static func isKnown(as person: ContactDetails) -> SQL {
    """
    c.tenant_id = (select app.tenant()) and c.deleted_at is null and (c.email = \(person.email) or c.phone = \(person.phone))
    """
  }

  /// What `init(row:)` reads of a contact `c`.
  static let columns: SQL = "c.id, c.first_name, c.last_name, c.email, c.phone"

  init(row: inout Row) throws {
    try self.init(&row) { _ in (false, nil) }
  }

  /// With what they are to a lead.
  init(atLead row: inout Row) throws {
    try self.init(&row) { row in (try row.next(), try row.next(optional: String.self)) }
  }

  private init(_ row: inout Row, standing: (inout Row) throws -> (Bool, String?)) throws {
    id = try row.next()
    firstName = try row.next(optional: String.self)
    lastName = try row.next(optional: String.self)
    email = try row.next(optional: String.self)
    phone = try row.next(optional: String.self)
    (isPrimary, role) = try standing(&row)
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

  static func link(
    _ contact: ID<Contact>, to lead: ID<Lead>, isPrimary: Bool = true, role: String? = nil,
    in tx: Transaction<some Entry>
  ) {
    tx.run(
      "Contact.link",
      """
      insert into lead_contacts (tenant_id, lead_id, contact_id, is_primary, role)
      values (app.tenant(), \(lead), \(contact), \(isPrimary), \(role))
      """)
  }
}
