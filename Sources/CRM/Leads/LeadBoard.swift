import Postgres

/// Open, active leads by stage. Its filter is the list's; stage, outcome and life are the board's own.
package struct LeadBoard: Sendable {
  package let filter: LeadFilter

  /// Cards of a column; the statement asks for one more.
  package static let cardsMax = 20

  /// More leads of a column are neither counted nor summed: the totals never cost more than the cards.
  package static let countMax = 5_000

  package init(_ filter: LeadFilter) {
    var filter = filter
    filter.stage = nil
    filter.outcome = nil
    filter.life = .active
    self.filter = filter
  }

  package struct Card: Sendable {
    package let id: ID<Lead>
    package let title: String
    package let company: String?
    package let stage: Lead.Stage
    package let tier: Lead.Tier?
    package let ownerName: String?
    package let value: Money?
    package let daysInStage: Int
    package let daysIdle: Int
    package let nextFollowUp: Timestamp?
    /// Of the newest draft.
    package let draft: Draft.Status?
    package let isTest: Bool
  }

  /// The newest first in every column.
  package var cards: Query<[Card]> {
    Query(
      "LeadBoard.cards",
      """
      select l.id, l.title, l.company, l.stage, l.priority_tier, o.display_name, l.estimated_value,
             greatest(0, extract(day from now() - l.stage_since))::int,
             greatest(0, extract(day from now() - l.last_activity_at))::int, l.next_followup_at,
             (select d.status from drafts d where d.tenant_id = l.tenant_id and d.lead_id = l.id
               order by d.id desc limit 1), l.is_test
      from app.board_cards(\(filter.json), 21) f
      join leads l on l.tenant_id = (select app.tenant()) and l.id = f.id
      left join memberships o on o.tenant_id = l.tenant_id and o.user_id = l.owner_id
      order by l.id desc
      """,
      all: { row in
        try Card(
          id: row.next(), title: row.next(), company: row.next(optional: String.self),
          stage: row.next(), tier: row.next(optional: Lead.Tier.self),
          ownerName: row.next(optional: String.self), value: row.next(optional: Money.self),
          daysInStage: row.next(), daysIdle: row.next(),
          nextFollowUp: row.next(optional: Timestamp.self),
          draft: row.next(optional: Draft.Status.self), isTest: row.next())
      })
  }

  package struct Total: Sendable {
    package let stage: Lead.Stage
    /// One more than `countMax` where there are more.
    package let leads: Int
    package let value: Money

    package var isCapped: Bool { leads > LeadBoard.countMax }
  }

  /// Tests aside.
  package var totals: Query<[Total]> {
    Query(
      "LeadBoard.totals", "select stage, leads, value from app.board_totals(\(filter.json), 5001)",
      all: { row in try Total(stage: row.next(), leads: row.next(), value: row.next()) })
  }
}
