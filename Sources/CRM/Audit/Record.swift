import Postgres

extension Transaction {
  /// Writes the fact everywhere it belongs: the outbox, the lead's timeline, the audit log.
  /// Returns the event's id, for the deliveries that carry it out.
  @discardableResult
  func record(_ event: Event) -> ID<Event> {
    let id = ID<Event>()
    run(
      "Event.emit",
      """
      select app.emit(\(id), \(event.name), 1, 'lead', \(event.lead), \(event.subject), \(event.payload))
      """)
    run(
      "Activity.add",
      """
      insert into activities (tenant_id, id, lead_id, draft_id, kind, data)
      values (app.tenant(), \(ID<Activity>()), \(event.lead), \(event.draft), \(event.activity),
              jsonb_strip_nulls(\(event.activityData)))
      """)
    let action = event.activity.rawValue
    if let draft = event.draft {
      audit(action, of: "draft", draft)
    } else if event.changes.isEmpty {
      audit(action, of: "lead", event.lead)
    }
    for change in event.changes {
      audit(action, of: "lead", event.lead, field: change.field, from: change.old, to: change.new)
    }
    return id
  }
}
