import HTTP
import Postgres

/// What most tests of drafts and review begin with.
extension TestTenant {
  /// A lead with one person who has an address; returns its id.
  package func lead(title: String = "New kitchen", email: String = "claire@fontaine.example") throws
    -> String
  {
    try sales.post(
      "/leads",
      [
        "title": title, "first_name": "Claire", "last_name": "Fontaine", "email": email,
        "duplicates": "anyway",
      ]
    ).id
  }

  /// The id of the lead's primary contact.
  package func contact(of lead: String) throws -> String {
    try look(
      Query(
        "TestTenant.contact",
        "select contact_id::text from lead_contacts where lead_id = \(lead)::uuid and is_primary",
        only: { try $0.next() }))
  }

  /// A draft of `author` for a new lead; returns its id.
  package func draft(
    by author: Browser? = nil, subject: String = "Your kitchen",
    text: String = "Dear Claire,\n\nhello.",
    isSubmitted: Bool = false, lead: String? = nil
  ) throws -> String {
    let lead = try lead ?? self.lead()
    return try (author ?? sales).post(
      "/leads/\(lead)/drafts",
      [
        "type": "followup_email", "subject": subject, "content_md": text,
        "to": try contact(of: lead), "then": isSubmitted ? "submit" : "save",
      ]
    ).draftID
  }

  package func waitingDraft(by author: Browser? = nil, subject: String = "Your kitchen") throws
    -> String
  {
    try draft(by: author, subject: subject, isSubmitted: true)
  }

  /// The content hash as the reviewer's card shows it.
  package func hash(of draft: String) throws -> String {
    try reviewer.get("/review/\(draft)").hidden("content_sha256") ?? "no hash on the card"
  }

  /// Approves as the reviewer; returns the answer.
  package func approve(_ draft: String, once: String? = nil) throws -> Page {
    try reviewer.post(
      "/drafts/\(draft)/approval", ["content_sha256": try hash(of: draft)], once: once)
  }

  package func status(of draft: String) throws -> String {
    try look(
      Query(
        "TestTenant.status", "select status from drafts where id = \(draft)::uuid",
        only: { try $0.next() }))
  }

  package func revision(of draft: String) throws -> String {
    try look(
      Query(
        "TestTenant.revision", "select revision::text from drafts where id = \(draft)::uuid",
        only: { try $0.next() }))
  }
}

extension Page {
  /// The id in `/drafts/{id}` or `/drafts/{id}/edit`.
  package var draftID: String {
    let parts = (place ?? "").split(separator: "/")
    return parts.count > 1 ? String(parts[1]) : ""
  }
}
