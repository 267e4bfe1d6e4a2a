import Postgres

extension Lead {
  /// Where a lead stands in the pipeline. Any move is allowed; a move back needs a reason.
  package enum Stage: String, CaseIterable, Comparable, Sendable, SQLValue, SQLReadable {
    case new, discovery, proposal, decision

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (one: Stage, other: Stage) -> Bool { one.rank < other.rank }

    package var next: Stage? { Self.allCases.first { $0 > self } }
  }
}

/// One step on a lead's way through the stages; `from` is nil where the lead was made.
package struct StageStep: Sendable {
  package let from: Lead.Stage?
  package let to: Lead.Stage
  package let reason: String?
  package let at: Timestamp

  package static func all(of lead: ID<Lead>) -> Query<[StageStep]> {
    Query(
      "StageStep.all",
      """
      select from_stage, to_stage, reason, created_at from lead_stage_history
      where lead_id = \(lead) order by id
      """,
      all: { row in
        try StageStep(
          from: row.next(optional: Lead.Stage.self), to: row.next(),
          reason: row.next(optional: String.self), at: row.next())
      })
  }
}

extension Lead {
  package func move(to stage: Stage, reason: String?, in tx: Transaction<some Entry>) throws {
    guard self.stage != stage else { throw Refusal.alreadyThere }
    try [self].move(to: stage, reason: reason, in: tx)
  }
}

extension [Lead] {
  /// Moves those that are elsewhere; the history rows, the events and the leads change together.
  package func move(to stage: Lead.Stage, reason: String?, in tx: Transaction<some Entry>) throws {
    let moving = filter { $0.stage != stage }
    guard reason != nil || moving.allSatisfy({ $0.stage < stage }) else {
      throw Lead.Refusal.reasonNeeded
    }
    guard moving.allSatisfy({ $0.outcome == .open }) else { throw Lead.Refusal.isClosed }
    let steps = moving.map { _ in ID<StageStep>() }
    tx.run(
      "Lead.move", "update leads set stage = \(stage) where id = any (\(SQL.ids(moving.map(\.id))))"
    )
    tx.run(
      "StageStep.add",
      """
      insert into lead_stage_history (tenant_id, id, lead_id, from_stage, to_stage, reason, actor_id)
      select app.tenant(), s.id, s.lead, s.from_stage, \(stage), \(reason), app.actor()
      from unnest(\(SQL.ids(steps)), \(SQL.ids(moving.map(\.id))), \(SQL.texts(moving.map(\.stage.rawValue))))
        s (id, lead, from_stage)
      """)
    tx.record(
      zip(moving, steps).map { lead, step in
        .stageChanged(lead.id, step: step, from: lead.stage, to: stage, reason: reason)
      })
  }
}
