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
  /// Moves the lead; the history row, the event and the lead change together.
  package func move(to stage: Stage, reason: String?, in tx: Transaction<some Entry>) throws {
    guard self.stage != stage else { throw Refusal.alreadyThere }
    guard stage > self.stage || reason != nil else { throw Refusal.reasonNeeded }

    let step = ID<StageStep>()
    tx.run("Lead.move", "update leads set stage = \(stage) where id = \(id)")
    tx.run(
      "StageStep.add",
      """
      insert into lead_stage_history (tenant_id, id, lead_id, from_stage, to_stage, reason, actor_id)
      values (app.tenant(), \(step), \(id), \(self.stage), \(stage), \(reason), app.actor())
      """)
    tx.record(.stageChanged(id, step: step, from: self.stage, to: stage, reason: reason))
  }
}
