import Postgres

/// Somebody at the machine's command line: acts as the tables' owner, for one tenant or, looking around, for none.
///
/// Works only for the role `closerflow_migrate`, which may become the owner.
package struct Operator: Entry {
  private let tenant: ID<Tenant>?
  private let member: ID<User>?

  /// `member` is named where the command stands in for a person, as the demo's seed does.
  package init(for tenant: ID<Tenant>? = nil, standingInFor member: ID<User>? = nil) {
    self.tenant = tenant
    self.member = member
  }

  package var enter: Query<Void> {
    Query(
      "Operator.enter",
      """
      select set_config('role', 'closerflow_owner', true),
             set_config('app.tenant', \(tenant?.description ?? ""), true),
             set_config('app.actor', \(member?.description ?? ""), true)
      """)
  }
}
