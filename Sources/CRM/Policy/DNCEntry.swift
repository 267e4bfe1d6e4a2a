import Postgres

/// An address or a number that nobody in the tenant contacts, whichever lead it stands at.
package struct DNCEntry: Sendable {
  package let id: ID<DNCEntry>
  package let kind: Kind
  /// In the one spelling that contacts have.
  package let address: String
  package let reason: String
  /// Nil where no member put it there.
  package let by: String?
  package let since: Timestamp

  package enum Kind: String, CaseIterable, Sendable, SQLValue, SQLReadable {
    case email, phone
  }

  /// The entries in force for the lead's people.
  package static func all(of lead: ID<Lead>) -> Query<[DNCEntry]> {
    Query(
      "DNCEntry.ofLead",
      """
      select distinct e.id, e.kind, e.address, e.reason, m.display_name, e.created_at
      from lead_contacts lc
      join contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
      join dnc_entries e on e.tenant_id = c.tenant_id and e.removed_at is null
        and e.address = any (array[c.email::text, c.phone::text])
      left join memberships m on m.tenant_id = e.tenant_id and m.user_id = e.created_by
      where lc.lead_id = \(lead)
      """, all: DNCEntry.init(row:))
  }

  private init(row: inout Row) throws {
    id = try row.next()
    kind = try row.next()
    address = try row.next()
    reason = try row.next()
    by = try row.next(optional: String.self)
    since = try row.next()
  }
}

extension DNCEntry {
  /// Those of a draft's recipients who are on the list, joined by commas; null for none. `d` is the draft.
  static let recipientsOfDraft: SQL = """
    (select string_agg(r.address, ', ' order by r.address) from draft_recipients r
      where r.tenant_id = d.tenant_id and r.draft_id = d.id and app.is_on_dnc_list(r.tenant_id, r.address))
    """
}

extension Contact {
  package func address(_ kind: DNCEntry.Kind) -> String? {
    switch kind {
    case .email: email
    case .phone: phone
    }
  }
}

extension Lead {
  /// Puts a person's address or number on the list, or takes it off: for every lead it stands at. Who is
  /// quicker raises `dnc_entries_live_key`.
  package static func changePermission(
    _ id: ID<Lead>, _ contact: ID<Contact>, _ kind: DNCEntry.Kind, isAllowed: Bool, reason: String,
    in tx: Transaction<some Entry>
  ) throws {
    let (_, locked, people, entries) = try tx.look(
      Lead.locked(id), Contact.all(of: id), DNCEntry.all(of: id))
    guard let lead = locked, let person = people.first(where: { $0.id == contact }),
      let address = person.address(kind)
    else { throw NotFound() }
    guard lead.life != .deleted else { throw Refusal.isDeleted }
    let entry = entries.first { $0.address == address }
    guard (entry == nil) != isAllowed else { throw Refusal.alreadyThere }
    if let entry {
      tx.run(
        "DNCEntry.remove",
        "update dnc_entries set removed_at = now(), removed_reason = \(reason) where id = \(entry.id)"
      )
      tx.record(
        .dncChanged(on: id, entry: entry.id, kind, address, isListed: false, reason: reason))
    } else {
      let entry = ID<DNCEntry>()
      tx.run(
        "DNCEntry.add",
        """
        insert into dnc_entries (tenant_id, id, kind, address, reason, source)
        values (app.tenant(), \(entry), \(kind), \(address), \(reason), 'member')
        """)
      tx.record(.dncChanged(on: id, entry: entry, kind, address, isListed: true, reason: reason))
    }
  }
}
