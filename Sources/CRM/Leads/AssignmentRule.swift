import Postgres

/// How a tenant's new leads find their owner when nobody names one.
package struct AssignmentRule: Sendable, Equatable {
  package var strategy = Assignment.Strategy.manual
  /// Those who take part in turns and in sharing the load.
  package var members: Set<ID<User>> = []
  /// Whose leads come from a source; the source in lower case.
  package var sources: [String: ID<User>] = [:]

  package init() {}

  package static let current = Query<AssignmentRule?>(
    "AssignmentRule.current",
    """
    select s.value ->> 'strategy',
           array(select jsonb_array_elements_text(s.value -> 'members')),
           array(select k from jsonb_each_text(s.value -> 'sources') e (k, v) order by k),
           array(select v from jsonb_each_text(s.value -> 'sources') e (k, v) order by k)
    from tenant_settings s where s.key = 'assignment'
    """,
    one: { row in
      var rule = AssignmentRule()
      rule.strategy = try row.next()
      rule.members = Set(try row.next(CodeArray.self).elements.compactMap { ID($0) })
      let names = try row.next(CodeArray.self).elements
      let owners = try row.next(CodeArray.self).elements.compactMap { ID<User>($0) }
      rule.sources = Dictionary(zip(names, owners), uniquingKeysWith: { first, _ in first })
      return rule
    }
  ).map { $0 ?? AssignmentRule() }

  /// The database asks once more whether it is an admin.
  package func save(
    over old: AssignmentRule, of tenant: ID<Tenant>, in tx: Transaction<some Entry>
  ) {
    guard self != old else { return }
    let pairs = sources.sorted { $0.key < $1.key }
    tx.run(
      "AssignmentRule.save",
      """
      insert into tenant_settings (tenant_id, key, value)
      select app.tenant(), 'assignment', jsonb_build_object(
        'strategy', \(strategy)::text,
        'members', to_jsonb(\(SQL.texts(members.map(\.description).sorted()))),
        'sources', jsonb_object(\(SQL.texts(pairs.map(\.key))), \(SQL.texts(pairs.map(\.value.description)))))
      on conflict (tenant_id, key) do update set value = excluded.value
      """)
    let change =
      FieldChange("assignment", old.strategy.rawValue, strategy.rawValue)
      ?? FieldChange("assignment_members", String(old.members.count), String(members.count))
    tx.audit([AuditRow("setting_changed", of: "tenant", tenant, change)])
  }
}
