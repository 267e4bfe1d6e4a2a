import Postgres

/// One line of the outbox.
package struct DeliverySummary: Sendable {
  package let id: ID<Delivery>
  package let state: Delivery.State
  package let leadTitle: String
  package let subject: String
  /// The first address of the To line.
  package let recipient: String
  package let attempts: Int
  package let runAt: Timestamp
  package let reason: String?
  package let createdAt: Timestamp

  package static func all(of draft: ID<Draft>) -> Query<[DeliverySummary]> {
    Query(
      "DeliverySummary.all", "\(record) where x.draft_id = \(draft) order by x.id",
      all: DeliverySummary.init(row:))
  }

  fileprivate static let record: SQL = """
    select x.id, x.state, l.title, d.subject,
           coalesce((select r.address from draft_recipients r
                      where r.tenant_id = x.tenant_id and r.draft_id = x.draft_id and r.kind = 'to'
                      order by r.address limit 1), ''),
           x.attempts, x.run_at, x.last_error, x.created_at
    from deliveries x
    join drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
    join leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    """

  fileprivate init(row: inout Row) throws {
    id = try row.next()
    state = try row.next()
    leadTitle = try row.next()
    subject = try row.next()
    recipient = try row.next()
    attempts = try row.next()
    runAt = try row.next()
    reason = try row.next(optional: String.self)
    createdAt = try row.next()
  }
}

/// Which deliveries the outbox shows: newest first, a page at a time.
package struct DeliveryList: Sendable {
  package let state: Delivery.State?
  package let after: ID<Delivery>?

  package static let pageSize = 50

  package init(state: Delivery.State?, after: ID<Delivery>?) {
    self.state = state
    self.after = after
  }

  /// One row more than a page.
  package var rows: Query<[DeliverySummary]> {
    Query(
      "DeliveryList.rows",
      "\(DeliverySummary.record) \(narrowing) order by x.id desc limit 51",
      all: DeliverySummary.init(row:))
  }

  private var narrowing: SQL {
    switch (state, after) {
    case (nil, nil): ""
    case (let state?, nil): "where x.state = \(state)"
    case (nil, let after?): "where x.id < \(after)"
    case (let state?, let after?): "where x.state = \(state) and x.id < \(after)"
    }
  }
}
