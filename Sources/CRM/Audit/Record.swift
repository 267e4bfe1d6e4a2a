import Postgres

extension Transaction {
  /// Writes the fact everywhere it belongs: the outbox, the lead's timeline, the audit log.
  /// Returns the event's id, for the deliveries that carry it out.
  @discardableResult
  func record(_ event: Event) -> ID<Event> {
    let id = ID<Event>()
    record([event], as: [id])
    return id
  }

  /// Writes many facts at once, three statements however many there are. Their leads are locked in the
  /// order given.
  func record(_ events: [Event]) { record(events, as: events.map { _ in ID() }) }

  private func record(_ events: [Event], as ids: [ID<Event>]) {
    guard !events.isEmpty else { return }
    run(
      "Event.emit",
      """
      select app.emit(e.id, e.name, 1, 'lead', e.lead, e.subject, e.payload || \(Event.operation))
      from unnest(\(SQL.ids(ids)), \(SQL.texts(events.map(\.name))),
                  \(SQL.ids(events.map(\.lead))), \(SQL.texts(events.map(\.subject))),
                  \(SQL.TextArray(events.map(\.payload.text)))::jsonb[]) e (id, name, lead, subject, payload)
      """)
    run(
      "Activity.add",
      """
      insert into activities (tenant_id, id, lead_id, draft_id, kind, data)
      select app.tenant(), a.id, a.lead, a.draft, a.kind, jsonb_strip_nulls(a.data) || \(Event.operation)
      from unnest(\(SQL.ids(events.map { _ in ID<Activity>() })), \(SQL.ids(events.map(\.lead))),
                  \(SQL.ids(events.map(\.draft))), \(SQL.texts(events.map(\.activity.rawValue))),
                  \(SQL.TextArray(events.map(\.activityData.text)))::jsonb[]) a (id, lead, draft, kind, data)
      """)
    audit(events.flatMap(\.auditRows))
  }
}

extension Event {
  /// The operation that the transaction belongs to, said with everything that is told in it.
  fileprivate static let operation: SQL = """
    jsonb_strip_nulls(jsonb_build_object('operation', nullif(current_setting('app.operation', true), '')))
    """

  /// One row a field; one for the action alone where no field changed. A draft's have their own fields.
  fileprivate var auditRows: [AuditRow] {
    let action = activity.rawValue
    if let draft {
      return [AuditRow(action, of: "draft", draft)]
        + changes.map { AuditRow(action, of: "lead", lead, $0) }
    }
    guard !changes.isEmpty else { return [AuditRow(action, of: "lead", lead)] }
    return changes.map { AuditRow(action, of: "lead", lead, $0) }
  }
}
