import Postgres
import Text

/// What a form says about a lead; used to capture a new one and to edit one.
package struct LeadDetails: Sendable {
  package let title: String
  package let description: String
  package let company: String?
  package let source: String?
  package let estimatedValue: Money?
  package let owner: ID<User>?
  /// Nil where it is not known.
  package let language: WrittenLanguage?
  package let expectedClose: Day?
  /// Of a new lead; an edit leaves them as they are.
  package let tags: Tags?
  package let contact: ContactDetails

  package init(
    title: String, description: String, company: String?, source: String?, estimatedValue: Money?,
    owner: ID<User>?, language: WrittenLanguage? = nil, expectedClose: Day? = nil,
    tags: Tags? = nil, contact: ContactDetails
  ) {
    self.title = title
    self.description = description
    self.company = company
    self.source = source
    self.estimatedValue = estimatedValue
    self.owner = owner
    self.language = language
    self.expectedClose = expectedClose
    self.tags = tags
    self.contact = contact
  }
}

extension Lead {
  /// Saves an edit of the lead as it stood at `revision`, and of its primary contact: the other leads of
  /// that person are told.
  package static func edit(
    _ id: ID<Lead>, seen revision: Int, _ details: LeadDetails, in tx: Transaction<some Entry>
  ) throws {
    let (_, leads, locked, contacts, known) = try tx.look(
      Person.leadIDs(of: Contact.meantIDs(by: details.contact, of: id), and: id), Lead.locked(id),
      Contact.all(of: id), Contact.known(as: details.contact))
    guard let lead = locked else { throw NotFound() }
    guard lead.life != .deleted else { throw Refusal.isDeleted }
    guard lead.revision == revision else { throw Refusal.changedMeanwhile }

    let primary = contacts.first { $0.isPrimary }
    [lead].assign(to: details.owner, reason: nil, in: tx)
    let changes = lead.changes(to: details, contact: primary)
    guard !changes.isEmpty else { return }
    tx.run(
      "Lead.update",
      """
      update leads
      set title = \(details.title), description = \(details.description), company = \(details.company),
          source = \(details.source), estimated_value = \(details.estimatedValue), language = \(details.language),
          expected_close_date = \(details.expectedClose?.text)::date
      where id = \(id)
      """)
    let others = leads.filter { $0 != id }
    if let primary {
      guard !details.contact.isEmpty else { throw Refusal.contactEmptied }
      details.contact.replace(primary, in: tx)
      primary.tell(primary.changes(to: details.contact), to: others, in: tx)
    } else if !details.contact.isEmpty {
      let (contact, _) = try details.contact.settle(among: known, telling: others, in: tx)
      ContactDetails.link(contact, to: id, in: tx)
    }
    tx.record(.leadUpdated(id, key: "r\(revision)", changes: changes))
  }

  private func changes(to details: LeadDetails, contact: Contact?) -> [FieldChange] {
    [
      FieldChange("title", title, details.title),
      FieldChange("description", description, details.description),
      FieldChange("company", company, details.company),
      FieldChange("source", source, details.source),
      FieldChange("language", language?.rawValue, details.language?.rawValue),
      FieldChange(
        "estimated_value", estimatedValue.map { String($0.minorUnits) },
        details.estimatedValue.map { String($0.minorUnits) }),
      FieldChange(
        "expected_close_date", expectedClose.map { Day(of: $0).text }, details.expectedClose?.text),
      FieldChange("first_name", contact?.firstName, details.contact.firstName),
      FieldChange("last_name", contact?.lastName, details.contact.lastName),
      FieldChange("email", contact?.email, details.contact.email?.text),
      FieldChange("phone", contact?.phone, details.contact.phone?.text),
    ].compactMap { $0 }
  }
}

extension Lead.Refusal {
  /// The sentence behind a constraint that a capture or an edit ran into.
  package init?(_ error: PostgresError) {
    switch error.constraint {
    case "contacts_email_key": self = .emailAlreadyKnown
    case "contacts_phone_key": self = .phoneAlreadyKnown
    case "leads_owner_fkey": self = .ownerUnknown
    case "lead_contacts_pkey", "dnc_entries_live_key": self = .alreadyThere
    case "operations_changes_something": self = .nothingChanges
    default: return nil
    }
  }
}
