import Postgres

/// What a form says about a lead; used to capture a new one and to edit one.
package struct LeadDetails: Sendable {
  package let title: String
  package let description: String
  package let company: String?
  package let source: String?
  package let estimatedValue: Money?
  package let owner: ID<User>?
  package let contact: ContactDetails

  package init(
    title: String, description: String, company: String?, source: String?, estimatedValue: Money?,
    owner: ID<User>?, contact: ContactDetails
  ) {
    self.title = title
    self.description = description
    self.company = company
    self.source = source
    self.estimatedValue = estimatedValue
    self.owner = owner
    self.contact = contact
  }
}

extension Lead {
  /// Captures a lead. The person becomes a contact, or is found among the contacts by address, then
  /// by number, and keeps what was known of them.
  package static func capture(
    _ details: LeadDetails, as id: ID<Lead> = ID(), in tx: Transaction<some Entry>
  ) throws {
    let (_, known) = try tx.look(
      Contact.known(email: details.contact.email, phone: details.contact.phone))
    let contact = details.contact.isEmpty ? nil : known?.id ?? ID<Contact>()
    tx.run(
      "Lead.insert",
      """
      insert into leads (tenant_id, id, title, description, company, source, owner_id, estimated_value, created_by)
      values (app.tenant(), \(id), \(details.title), \(details.description), \(details.company),
              \(details.source), \(details.owner), \(details.estimatedValue), app.actor())
      """)
    tx.run(
      "StageStep.start",
      """
      insert into lead_stage_history (tenant_id, id, lead_id, to_stage, actor_id)
      values (app.tenant(), \(ID<StageStep>()), \(id), 'new', app.actor())
      """)
    if let known {
      details.contact.fillBlanks(of: known, in: tx)
    } else if let contact {
      details.contact.insert(as: contact, in: tx)
    }
    if let contact { ContactDetails.link(contact, to: id, in: tx) }
    tx.record(.leadCreated(id, contact: contact, source: details.source))
  }

  /// Saves an edit of the lead as it stood at `revision`, and of its primary contact.
  package static func edit(
    _ id: ID<Lead>, seen revision: Int, _ details: LeadDetails, in tx: Transaction<some Entry>
  ) throws {
    let (_, locked, contacts, known) = try tx.look(
      Lead.locked(id), Contact.all(of: id),
      Contact.known(email: details.contact.email, phone: details.contact.phone))
    guard let lead = locked else { throw NotFound() }
    guard lead.life != .deleted else { throw Refusal.isDeleted }
    guard lead.revision == revision else { throw Refusal.changedMeanwhile }

    let primary = contacts.first { $0.isPrimary }
    let changes = lead.changes(to: details, contact: primary)
    guard !changes.isEmpty else { return }
    tx.run(
      "Lead.update",
      """
      update leads
      set title = \(details.title), description = \(details.description), company = \(details.company),
          source = \(details.source), owner_id = \(details.owner), estimated_value = \(details.estimatedValue)
      where id = \(id)
      """)
    if let primary {
      guard !details.contact.isEmpty else { throw Refusal.contactEmptied }
      details.contact.replace(primary, in: tx)
    } else if !details.contact.isEmpty {
      let contact = known?.id ?? ID<Contact>()
      if let known {
        details.contact.fillBlanks(of: known, in: tx)
      } else {
        details.contact.insert(as: contact, in: tx)
      }
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
      FieldChange("owner", owner?.id.description, details.owner?.description),
      FieldChange(
        "estimated_value", estimatedValue.map { String($0.minorUnits) },
        details.estimatedValue.map { String($0.minorUnits) }),
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
    default: return nil
    }
  }
}
