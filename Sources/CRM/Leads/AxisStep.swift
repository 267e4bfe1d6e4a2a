import Postgres

/// One step of a lead along one of its axes, from the axis's own history.
package struct AxisStep: Sendable {
  package let axis: Axis
  /// Nil where the lead was made.
  package let from: String?
  /// Nil where nobody owns it any more.
  package let to: String?
  /// What brought it about, where that is said: a contact status, an owner.
  package let trigger: StatusChange.Trigger?
  package let strategy: Assignment.Strategy?
  package let reason: String?
  package let value: Money?
  /// Nil for the system.
  package let actorName: String?
  package let at: Timestamp

  package enum Axis: String, CaseIterable, Sendable, SQLReadable {
    case stage, outcome
    case contactStatus = "contact_status"
    case paused, suppressed
    /// By name.
    case owner
  }

  /// The newest 100 over all axes.
  package static func all(of lead: ID<Lead>) -> Query<[AxisStep]> {
    Query(
      "AxisStep.all",
      """
      select s.axis, s.from_value, s.to_value, s.triggered_by, s.strategy, s.reason, s.value, m.display_name, s.created_at
      from (
        select h.tenant_id, h.id, 'stage' as axis, h.from_stage as from_value, h.to_stage as to_value,
               null as triggered_by, null as strategy, h.reason, null::bigint as value, h.actor_id, h.created_at
        from lead_stage_history h where h.lead_id in \(Lead.family(of: lead))
        union all
        select h.tenant_id, h.id, 'outcome', h.from_outcome, h.to_outcome, null, null, h.reason, h.value, h.actor_id, h.created_at
        from lead_outcome_history h where h.lead_id in \(Lead.family(of: lead))
        union all
        select h.tenant_id, h.id, h.axis, h.from_value, h.to_value,
               case h.axis when 'contact_status' then h.triggered_by end, null, h.reason, null, h.actor_id, h.created_at
        from lead_status_history h where h.lead_id in \(Lead.family(of: lead))
        union all
        select a.tenant_id, a.id, 'owner', f.display_name, t.display_name, null, a.strategy, a.reason, null, a.actor_id, a.created_at
        from lead_assignments a
        left join memberships f on f.tenant_id = a.tenant_id and f.user_id = a.from_user
        left join memberships t on t.tenant_id = a.tenant_id and t.user_id = a.to_user
        where a.lead_id in \(Lead.family(of: lead))) s
      left join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.actor_id
      order by s.id desc limit 100
      """,
      all: { row in
        try AxisStep(
          axis: row.next(), from: row.next(optional: String.self),
          to: row.next(optional: String.self),
          trigger: row.next(optional: StatusChange.Trigger.self),
          strategy: row.next(optional: Assignment.Strategy.self),
          reason: row.next(optional: String.self), value: row.next(optional: Money.self),
          actorName: row.next(optional: String.self), at: row.next())
      })
  }
}
