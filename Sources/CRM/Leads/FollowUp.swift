import Postgres

extension Lead {
  /// Says on which day somebody gets back to this lead; nil when that is done or no longer wanted.
  package func followUp(on day: Day?, in tx: Transaction<some Entry>) throws {
    guard
      let change = FieldChange("next_followup_at", nextFollowUp.map { Day(of: $0).text }, day?.text)
    else { throw Refusal.alreadyThere }
    tx.run(
      "Lead.followUp",
      "update leads set next_followup_at = \(day?.text)::date::timestamptz where id = \(id)")
    tx.record(.followUpSet(id, change))
  }
}

/// A lead that somebody wanted to get back to by today.
package struct DueFollowUp: Sendable {
  package let lead: ID<Lead>
  package let title: String
  package let company: String?
  package let due: Timestamp

  /// Of the person asking, the longest overdue first, 11 at most.
  package static let mine = Query<[DueFollowUp]>(
    "DueFollowUp.mine",
    """
    select l.id, l.title, l.company, l.next_followup_at from leads l
    where l.owner_id = (select app.actor()) and l.next_followup_at < date_trunc('day', now()) + interval '1 day'
      and l.outcome = 'open' and l.archived_at is null and l.deleted_at is null
    order by l.next_followup_at, l.id limit 11
    """,
    all: { row in
      try DueFollowUp(
        lead: row.next(), title: row.next(), company: row.next(optional: String.self),
        due: row.next())
    })
}

extension Day {
  /// The day of a moment on the viewer's calendar.
  package init(of time: Timestamp) {
    func digits(_ number: Int, _ width: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
    let wall = time.wall
    text = "\(digits(wall.year, 4))-\(digits(wall.month, 2))-\(digits(wall.day, 2))"
  }
}
