import Postgres

/// What a tenant's models may use in a calendar month, and have.
package struct AIBudget: Sendable {
  package let tokensPerMonth: Int
  package let tokensSpent: Int
  /// Millionths of the currency the prices are in; nil where no price was known.
  package let costMicros: Int?
  package let attempts: Int

  package var tokensLeft: Int { max(tokensPerMonth - tokensSpent, 0) }

  package static let tokensPerMonthDefault = 1_000_000

  /// The month is the tenant's, whose zone every entry sets.
  package static let current = Query<AIBudget>(
    "AIBudget.current",
    """
    select coalesce((select tokens_per_month from ai_budgets), \(tokensPerMonthDefault)),
           coalesce(sum(input_tokens::bigint + output_tokens), 0)::bigint, sum(cost_micros)::bigint, count(*)
    from ai_actions where created_at >= date_trunc('month', now())
    """,
    only: { row in
      try AIBudget(
        tokensPerMonth: row.next(), tokensSpent: row.next(),
        costMicros: row.next(optional: Int.self), attempts: row.next())
    })

  /// Sets the limit; what was there before goes to the audit log.
  package static func set(
    _ tokensPerMonth: Int, seen mark: String?, in tx: Transaction<some Entry>
  ) throws {
    let (_, before) = try tx.look(current, seen: mark)
    tx.run(
      "AIBudget.set",
      """
      insert into ai_budgets (tenant_id, tokens_per_month) values (app.tenant(), \(tokensPerMonth))
      on conflict (tenant_id) do update set tokens_per_month = excluded.tokens_per_month
      """)
    tx.auditSetting(
      "ai_budget_set", "tokens_per_month", "\(before.tokensPerMonth)", "\(tokensPerMonth)")
  }
}

extension Transaction {
  /// A setting of the tenant itself changed.
  package func auditSetting(_ action: String, _ field: String, _ old: String?, _ new: String?) {
    run(
      "AuditRow.addSetting",
      """
      insert into audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
      values (app.tenant(), \(ID<AuditRow>()), \(action), 'tenant', app.tenant(), \(field), \(old), \(new))
      """)
  }
}
