import Postgres

/// One step of a lead along one of its axes, from the axis's own history.
package struct AxisStep: Sendable {
  package let axis: Axis
  /// Nil where the lead was made.
  package let from: String?
  package let to: String
  package let reason: String?
  package let value: Money?
  /// Nil for the system.
  package let actorName: String?
  package let at: Timestamp

  package enum Axis: String, CaseIterable, Sendable, SQLReadable {
    case stage, outcome
    case contactStatus = "contact_status"
    case paused, suppressed
  }

  /// The newest 100 over all axes.
  package static func all(of lead: ID<Lead>) -> Query<[AxisStep]> {
    Query(
      "AxisStep.all",
      """
      select s.axis, s.from_value, s.to_value, s.reason, s.value, m.display_name, s.created_at
      from (
        select h.tenant_id, h.id, 'stage' as axis, h.from_stage as from_value, h.to_stage as to_value, h.reason,
               null::bigint as value, h.actor_id, h.created_at
        from lead_stage_history h where h.lead_id in \(Lead.family(of: lead))
        union all
        select h.tenant_id, h.id, 'outcome', h.from_outcome, h.to_outcome, h.reason, h.value, h.actor_id, h.created_at
        from lead_outcome_history h where h.lead_id in \(Lead.family(of: lead))
        union all
        select h.tenant_id, h.id, h.axis, h.from_value, h.to_value, h.reason, null, h.actor_id, h.created_at
        from lead_status_history h where h.lead_id in \(Lead.family(of: lead))) s
      left join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.actor_id
      order by s.id desc limit 100
      """,
      all: { row in
        try AxisStep(
          axis: row.next(), from: row.next(optional: String.self), to: row.next(),
          reason: row.next(optional: String.self), value: row.next(optional: Money.self),
          actorName: row.next(optional: String.self), at: row.next())
      })
  }
}
