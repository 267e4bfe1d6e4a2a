import Markdown
import Postgres
import Secrets

/// What a form says about a draft.
package struct DraftText: Sendable {
  package let subject: String
  package let contentMarkdown: String
  package let recipients: RecipientChoice

  package init(subject: String, contentMarkdown: String, recipients: RecipientChoice) {
    self.subject = subject
    self.contentMarkdown = contentMarkdown
    self.recipients = recipients
  }

  /// Refuses a text that no page could show: its author would never see it again.
  func checkShowable() throws(Draft.Refusal) {
    do {
      let document = try Document(parsing: contentMarkdown)
      _ = try document.html(for: .page)
      _ = try document.plainText()
    } catch {
      throw .unshowable
    }
  }

  /// What it still lacks to be submitted, in the order of the form.
  package var missing: [Draft.Refusal] {
    var missing: [Draft.Refusal] = []
    if subject.isBlank { missing.append(.noSubject) }
    if !recipients.kinds.values.contains(.to) { missing.append(.noRecipient) }
    if contentMarkdown.isBlank { missing.append(.noText) }
    return missing
  }
}

extension Draft {
  /// Starts a draft for a lead, and hands it over at once where `isSubmitted`. A lead's drafts of one
  /// type are numbered, so that two started at once both get a number of their own: the lead is
  /// locked.
  package static func start(
    _ type: Kind, for lead: ID<Lead>, _ text: DraftText, as id: ID<Draft> = ID(),
    isSubmitted: Bool = false, in tx: Transaction<some Entry>
  ) throws {
    try text.checkShowable()
    let (_, locked, contacts, last, sender) = try tx.look(
      Lead.locked(lead), Contact.all(of: lead), lastVersion(type, of: lead), Sender.ofTenant)
    guard let locked else { throw NotFound() }
    guard locked.life != .deleted else { throw Lead.Refusal.isDeleted }
    let identity = Identity(id: id, lead: lead, version: last + 1)
    let recipients = try text.recipients.recipients(among: contacts)
    insert(identity, type: type, document: id.of(Document.self), text, in: tx)
    recipients.save(for: id, in: tx)
    tx.record(.draftCreated(identity, subject: text.subject))
    if isSubmitted {
      try submit(identity, type, revision: 1, text, recipients, from: sender, in: tx)
    }
  }

  /// The next version of a document that reached its end, or was sent and needs another word: same
  /// text, same recipients, open on the author's desk. The lead is locked, as by `start`.
  package static func startNextVersion(
    of id: ID<Draft>, as next: ID<Draft> = ID(), in tx: Transaction<some Entry>
  ) throws {
    let (_, lead, found, recipients, last, open) = try tx.look(
      Lead.locked(with: id), Draft.locked(id), Recipient.all(of: id), lastVersion(with: id),
      openVersion(with: id))
    guard let draft = found, let lead else { throw NotFound() }
    guard lead.life != .deleted else { throw Lead.Refusal.isDeleted }
    guard open == nil, draft.status.isFrozen else {
      throw Refusal.movedOn(draft.status)
    }
    let identity = Identity(id: next, lead: draft.lead, version: last + 1)
    let text = DraftText(
      subject: draft.subject, contentMarkdown: draft.contentMarkdown,
      recipients: RecipientChoice([:]))
    insert(identity, type: draft.type, document: draft.document, text, in: tx)
    for recipient in recipients {
      tx.run(
        "Recipient.copy",
        """
        insert into draft_recipients (tenant_id, draft_id, contact_id, kind, address, name)
        select c.tenant_id, \(next), c.id, \(recipient.kind), c.email, \(recipient.name)
        from contacts c
        join lead_contacts lc on lc.tenant_id = c.tenant_id and lc.contact_id = c.id
        where c.id = \(recipient.contact) and lc.lead_id = \(draft.lead) and c.email is not null
          and c.deleted_at is null
        """)
    }
    tx.record(.draftCreated(identity, subject: draft.subject))
  }

  /// Saves an edit of the draft as it stood at `revision`, and hands it over where `isSubmitted`.
  package static func edit(
    _ id: ID<Draft>, seen revision: Int, _ text: DraftText, isSubmitted: Bool = false,
    in tx: Transaction<some Entry>
  ) throws {
    try text.checkShowable()
    let (_, found, contacts, saved, sender) = try tx.look(
      Draft.locked(id), Contact.all(ofLeadWith: id), Recipient.all(of: id), Sender.ofTenant)
    let draft = try onDesk(found, seen: revision)
    let recipients = try text.recipients.recipients(among: contacts)
    let isTextChanged =
      !draft.subject.utf8.elementsEqual(text.subject.utf8)
      || !draft.contentMarkdown.utf8.elementsEqual(text.contentMarkdown.utf8)
    if isTextChanged {
      tx.run(
        "Draft.edit",
        """
        update drafts set subject = \(text.subject), content_md = \(text.contentMarkdown) where id = \(id)
        """)
    }
    if recipients != saved { recipients.save(for: id, in: tx) }
    if isTextChanged || recipients != saved {
      tx.audit([AuditRow("draft_edited", of: "draft", id)])
    }
    if isSubmitted {
      guard draft.isMine else { throw Refusal.notAuthor }
      try submit(
        draft.identity, draft.type, revision: revision, text, recipients, from: sender, in: tx)
    }
  }

  /// The author hands the draft over as it stood at `revision`.
  package static func submit(
    _ id: ID<Draft>, seen revision: Int, in tx: Transaction<some Entry>
  ) throws {
    let (_, found, recipients, contacts, sender) = try tx.look(
      Draft.locked(id), Recipient.all(of: id), Contact.all(ofLeadWith: id), Sender.ofTenant)
    let draft = try onDesk(found, seen: revision)
    guard draft.isMine else { throw Refusal.notAuthor }
    let addresses = Dictionary(uniqueKeysWithValues: contacts.map { ($0.id, $0.email) })
    guard recipients.allSatisfy({ addresses[$0.contact] == $0.address }) else {
      throw Refusal.recipientChanged
    }
    let choice = RecipientChoice(
      Dictionary(recipients.map { ($0.contact, $0.kind) }, uniquingKeysWith: { first, _ in first }))
    let text = DraftText(
      subject: draft.subject, contentMarkdown: draft.contentMarkdown, recipients: choice)
    try submit(
      draft.identity, draft.type, revision: revision, text, recipients, from: sender, in: tx)
  }

  /// Fixes the content as a manifest, which waits for a reviewer.
  private static func submit(
    _ draft: Identity, _ type: Kind, revision: Int, _ text: DraftText, _ recipients: [Recipient],
    from sender: Sender, in tx: Transaction<some Entry>
  ) throws {
    if let missing = text.missing.first { throw missing }
    let manifest = Manifest(
      type: type, senderName: sender.name, senderAddress: sender.address, recipients: recipients,
      subject: text.subject, bodyMarkdown: text.contentMarkdown
    ).encoded
    tx.run(
      "SubmittedContent.keep",
      """
      insert into draft_contents (tenant_id, draft_id, manifest, submitted_by)
      values (app.tenant(), \(draft.id), \(manifest), app.actor()) on conflict do nothing
      """)
    tx.run(
      "Draft.submit",
      "update drafts set status = 'under_review', manifest = \(manifest) where id = \(draft.id)")
    tx.record(
      .draftSubmitted(
        draft, revision: revision, subject: text.subject,
        hash: Hex.encode(Sodium.sha256(manifest))))
  }

  private static func onDesk(_ found: Draft?, seen revision: Int) throws -> Draft {
    guard let draft = found else { throw NotFound() }
    guard draft.status == .draft else { throw Refusal.movedOn(draft.status) }
    guard draft.revision == revision else { throw Refusal.changedMeanwhile }
    return draft
  }

  package static func withdraw(_ id: ID<Draft>, in tx: Transaction<some Entry>) throws {
    let (_, found) = try tx.look(Draft.locked(id))
    guard let draft = found else { throw NotFound() }
    guard draft.status == .underReview else { throw Refusal.movedOn(draft.status) }
    guard draft.isMine else { throw Refusal.notAuthor }
    tx.run(
      "Draft.withdraw", "update drafts set status = 'draft', manifest = null where id = \(id)")
    tx.record(.draftWithdrawn(draft))
  }

  /// Takes an approval back while nothing has left yet.
  package static func cancel(
    _ id: ID<Draft>, reason: String, in tx: Transaction<some Entry>
  ) throws {
    let (_, found, deliveries) = try tx.look(Draft.locked(id), DeliverySummary.all(of: id))
    guard let draft = found else { throw NotFound() }
    guard draft.status == .approved else { throw Refusal.movedOn(draft.status) }
    for delivery in deliveries where delivery.state != .cancelled {
      guard [.ready, .blocked, .dead].contains(delivery.state) else { throw Refusal.alreadyLeaving }
      // Raises CF409 when the worker was quicker; then nothing of this happens.
      tx.run(
        "Delivery.cancel", "select app.resolve_delivery(\(delivery.id), 'cancel', \(reason))")
    }
    tx.run("Draft.cancel", "update drafts set status = 'rejected' where id = \(id)")
    tx.record(.draftRejected(draft, comment: reason, isCancellation: true))
  }

  private static func insert(
    _ identity: Identity, type: Kind, document: ID<Document>, _ text: DraftText,
    in tx: Transaction<some Entry>
  ) {
    tx.run(
      "Draft.insert",
      """
      insert into drafts (tenant_id, id, lead_id, type, version, document_id, subject, content_md,
                          author_id, last_editor_id)
      values (app.tenant(), \(identity.id), \(identity.lead), \(type), \(identity.version), \(document),
              \(text.subject), \(text.contentMarkdown), app.actor(), app.actor())
      """)
  }
}

// MARK: - What writing looks at

extension Draft {
  private static func lastVersion(_ type: Kind, of lead: ID<Lead>) -> Query<Int> {
    Query(
      "Draft.lastVersion",
      "select coalesce(max(version), 0) from drafts where lead_id = \(lead) and type = \(type)",
      only: { try $0.next() })
  }

  private static func lastVersion(with id: ID<Draft>) -> Query<Int> {
    Query(
      "Draft.lastVersionWith",
      """
      select coalesce(max(o.version), 0) from drafts d
      join drafts o on o.tenant_id = d.tenant_id and o.lead_id = d.lead_id and o.type = d.type
      where d.id = \(id)
      """, only: { try $0.next() })
  }

  /// A version of the same document that is still being worked on.
  private static func openVersion(with id: ID<Draft>) -> Query<ID<Draft>?> {
    Query(
      "Draft.openVersion",
      """
      select o.id from drafts d
      join drafts o on o.tenant_id = d.tenant_id and o.document_id = d.document_id
      where d.id = \(id) and o.status in ('draft', 'under_review') limit 1
      """, one: { try $0.next() })
  }
}

/// In whose name a tenant's mail goes out.
package struct Sender: Sendable {
  package let name: String
  package let address: String

  package static let ofTenant = Query<Sender>(
    "Sender.ofTenant",
    "select contact_name, contact_email from tenants where id = app.tenant()",
    only: { row in try Sender(name: row.next(), address: row.next()) })
}

extension String {
  /// Nothing but ASCII white space.
  var isBlank: Bool { utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) } }
}
