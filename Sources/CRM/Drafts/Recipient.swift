import Postgres

/// Somebody a draft goes to, with the address they had when they were chosen.
package struct Recipient: Hashable, Sendable {
  package let contact: ID<Contact>
  package let kind: Kind
  package let address: String
  package let name: String

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case to, cc, bcc
  }

  /// In the order of the manifest: by kind, then by address.
  package static func all(of draft: ID<Draft>) -> Query<[Recipient]> {
    Query(
      "Recipient.all",
      """
      select contact_id, kind, address, coalesce(name, '') from draft_recipients
      where draft_id = \(draft)
      order by array_position(array['to', 'cc', 'bcc'], kind), address collate "C"
      """,
      all: { row in
        try Recipient(contact: row.next(), kind: row.next(), address: row.next(), name: row.next())
      })
  }
}

/// Which contacts a form chose, each once.
package struct RecipientChoice: Sendable, Equatable {
  package let kinds: [ID<Contact>: Recipient.Kind]

  package init(_ kinds: [ID<Contact>: Recipient.Kind]) { self.kinds = kinds }

  /// The recipients, in the order of `Recipient.all`. Addresses come from the contacts, never from a
  /// form: a contact without an address, or not of this lead, is refused.
  func recipients(among contacts: [Contact]) throws -> [Recipient] {
    let recipients = try kinds.map { id, kind in
      guard let contact = contacts.first(where: { $0.id == id }), let address = contact.email else {
        throw Draft.Refusal.recipientUnknown
      }
      return Recipient(contact: id, kind: kind, address: address, name: contact.name)
    }
    return recipients.sorted { ($0.kind.rank, $0.address) < ($1.kind.rank, $1.address) }
  }
}

extension Recipient.Kind {
  fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension [Recipient] {
  /// Replaces the draft's recipients.
  func save(for draft: ID<Draft>, in tx: Transaction<some Entry>) {
    tx.run("Recipient.clear", "select app.clear_recipients(\(draft))")
    for recipient in self {
      tx.run(
        "Recipient.add",
        """
        insert into draft_recipients (tenant_id, draft_id, contact_id, kind, address, name)
        values (app.tenant(), \(draft), \(recipient.contact), \(recipient.kind), \(recipient.address),
                \(recipient.name))
        """)
    }
  }
}
