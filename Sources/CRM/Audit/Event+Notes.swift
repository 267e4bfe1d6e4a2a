// What people note about a lead and agree on: notes, follow-ups, who may be contacted, who knows whom.

extension Event {
  static func noteAdded(_ note: ID<Note>, on lead: ID<Lead>, _ mentions: Mentions) -> Event {
    Event(
      name: "NoteAdded", lead: lead, subject: note.description,
      payload: .object(["note": .id(note)]), activity: .noteAdded,
      activityData: .object([
        "note": .id(note), "subject": .string(list(mentions.members.map(\.name))),
        "reason": .string(list(mentions.unclear)),
      ]))
  }

  private static func list(_ names: [String]) -> String? {
    names.isEmpty ? nil : names.joined(separator: ", ")
  }

  static func noteStruck(_ note: ID<Note>, on lead: ID<Lead>, reason: String) -> Event {
    Event(
      name: "NoteStruck", lead: lead, subject: note.description,
      payload: .object(["note": .id(note)]), activity: .noteStruck,
      activityData: .object(["note": .id(note), "reason": .string(reason)]))
  }

  static func followUpSet(_ lead: ID<Lead>, _ change: FieldChange) -> Event {
    Event(
      name: "LeadUpdated", lead: lead, subject: "\(lead):\(ID<Event>())",
      payload: .object(["fields": .array([.string(change.field)])]),
      activity: change.new == nil ? .followUpDone : .followUpSet,
      activityData: .object(["from": .string(change.old), "to": .string(change.new)]),
      changes: [change])
  }

  /// By telephone, or wherever no letter of ours tells of it.
  static func answeredOtherwise(_ lead: ID<Lead>, reason: String?) -> Event {
    Event(
      name: "LeadUpdated", lead: lead, subject: "\(lead):\(ID<Event>())",
      payload: .object(["fields": .array([.string("awaiting_reply")])]),
      activity: .answeredOtherwise, activityData: .object(["reason": .string(reason)]),
      changes: [FieldChange("awaiting_reply", "yes", "no")].compactMap { $0 })
  }

  static func dncChanged(
    on lead: ID<Lead>, entry: ID<DNCEntry>, _ kind: DNCEntry.Kind, _ address: String,
    isListed: Bool, reason: String
  ) -> Event {
    Event(
      name: isListed ? "DncAdded" : "DncRemoved", lead: lead, subject: entry.description,
      payload: .object(["entry": .id(entry), "kind": .string(kind.rawValue)]),
      activity: isListed ? .dncAdded : .dncRemoved,
      activityData: .object(["subject": .string(address), "reason": .string(reason)]),
      changes: [FieldChange("do_not_contact", isListed ? nil : address, isListed ? address : nil)]
        .compactMap { $0 })
  }

  /// Told at both leads; `other` is where it leads to from `lead`.
  static func relationshipChanged(
    _ relationship: ID<Relationship>, at lead: ID<Lead>, other: Relationship.End, isThere: Bool
  ) -> Event {
    Event(
      name: "LeadUpdated", lead: lead,
      subject: "\(lead):\(relationship):\(isThere ? "added" : "removed")",
      payload: .object([
        "fields": .array([.string("relationships")]), "relationship": .id(relationship),
      ]),
      activity: isThere ? .related : .unrelated,
      activityData: .object(["subject": .string(other.title), "other": .id(other.id)]),
      changes: [
        FieldChange("relationships", isThere ? nil : other.title, isThere ? other.title : nil)
      ].compactMap { $0 })
  }
}
