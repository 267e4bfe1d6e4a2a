import Postgres
import Text

/// Two leads that turn out to be one: `other` goes into `kept`, which stays with its stage, its outcome
/// and its permissions. Histories stay where they are and are read through `merged_into`.
package struct LeadMerge: Sendable {
  /// What the one that stays may take from the other.
  package enum Field: String, CaseIterable, Sendable {
    case title, company, description, source, owner, language
    case estimatedValue = "estimated_value"
  }

  /// A lead as the form showed it.
  package struct Seen: Sendable {
    package let id: ID<Lead>
    package let revision: Int

    package init(_ id: ID<Lead>, revision: Int) {
      self.id = id
      self.revision = revision
    }
  }

  package enum Refusal: Error, Equatable {
    case withItself
    case changedMeanwhile
    /// The other is won, lost, given up or on hold.
    case otherIsClosed
    /// One may be written to and the other may not.
    case stopsDiffer
    /// The other has drafts on a desk, in review, or on their way.
    case draftsUnderWay
  }

  package let kept: Seen
  package let other: Seen
  package let taken: Set<Field>

  package init(keeping kept: Seen, other: Seen, taking taken: Set<Field>) {
    self.kept = kept
    self.other = other
    self.taken = taken
  }

  package func carryOut(as operation: ID<Operation>, in tx: Transaction<some Entry>) throws {
    guard kept.id != other.id else { throw Refusal.withItself }
    let (_, leads, drafts) = try tx.look(
      Lead.locked(.chosen([kept.id, other.id])), Self.draftsUnderWay(of: other.id))
    guard let stays = leads.first(where: { $0.id == kept.id }),
      let goes = leads.first(where: { $0.id == other.id })
    else { throw NotFound() }
    guard stays.revision == kept.revision, goes.revision == other.revision else {
      throw Refusal.changedMeanwhile
    }
    guard goes.outcome == .open else { throw Refusal.otherIsClosed }
    guard (stays.suppression == nil) == (goes.suppression == nil),
      (stays.takeOver == nil) == (goes.takeOver == nil)
    else { throw Refusal.stopsDiffer }
    guard drafts == 0 else { throw Refusal.draftsUnderWay }

    tx.operate(.merge, "leads", as: operation) {
      if taken.contains(.owner) { [stays].assign(to: goes.owner?.id, reason: goes.title, in: tx) }
      let changes = take(from: goes, into: stays, in: tx)
      movePeople(in: tx)
      tx.run(
        "LeadMerge.point",
        """
        update leads set merged_into = \(stays.id), deleted_at = coalesce(deleted_at, now()), archived_at = null
        where id = \(goes.id) or merged_into = \(goes.id)
        """)
      tx.record([
        .leadMerged(stays.id, other: goes, operation: operation, changes: changes),
        .leadMergedAway(goes.id, into: stays, operation: operation),
      ])
    }
  }

  private func take(from goes: Lead, into stays: Lead, in tx: Transaction<some Entry>)
    -> [FieldChange]
  {
    func pick<Value>(_ field: Field, _ value: KeyPath<Lead, Value>) -> Value {
      (taken.contains(field) ? goes : stays)[keyPath: value]
    }
    let tags = Tags(joining: stays.tags, goes.tags)
    tx.run(
      "LeadMerge.take",
      """
      update leads k
      set title = \(pick(.title, \.title)), company = \(pick(.company, \.company)),
          description = \(pick(.description, \.description)), source = \(pick(.source, \.source)),
          language = \(pick(.language, \.language)), estimated_value = \(pick(.estimatedValue, \.estimatedValue)),
          tags = \(SQL.texts(tags.words)),
          next_followup_at = least(k.next_followup_at, o.next_followup_at),
          expected_close_date = coalesce(k.expected_close_date, o.expected_close_date),
          external_id = coalesce(k.external_id, o.external_id)
      from leads o where k.id = \(stays.id) and o.id = \(goes.id)
      """)
    return [
      FieldChange("title", stays.title, pick(.title, \.title)),
      FieldChange("company", stays.company, pick(.company, \.company)),
      FieldChange("description", stays.description, pick(.description, \.description)),
      FieldChange("source", stays.source, pick(.source, \.source)),
      FieldChange("language", stays.language?.rawValue, pick(.language, \.language)?.rawValue),
      FieldChange(
        "estimated_value", stays.estimatedValue.map { String($0.minorUnits) },
        pick(.estimatedValue, \.estimatedValue).map { String($0.minorUnits) }),
      FieldChange(
        "tags", stays.tags.joined(separator: " "), tags.words.joined(separator: " ")),
    ].compactMap { $0 }
  }

  /// Its people stand at the one that stays as well, as what they were.
  private func movePeople(in tx: Transaction<some Entry>) {
    tx.run(
      "LeadMerge.movePeople",
      """
      insert into lead_contacts as k (tenant_id, lead_id, contact_id, is_primary, role)
      select p.tenant_id, \(kept.id), p.contact_id,
             p.is_primary and not exists (select from lead_contacts k where k.lead_id = \(kept.id) and k.is_primary), p.role
      from lead_contacts p where p.lead_id = \(other.id)
      on conflict (tenant_id, lead_id, contact_id) do update set role = excluded.role
      where k.role is null and excluded.role is not null
      """)
  }

  private static func draftsUnderWay(of lead: ID<Lead>) -> Query<Int> {
    Query(
      "LeadMerge.draftsUnderWay",
      "select count(*) from drafts where lead_id = \(lead) and status in ('draft', 'under_review', 'approved')",
      only: { try $0.next() })
  }
}
