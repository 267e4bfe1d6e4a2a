import Postgres
import Secrets

/// What `closerflow user …` does: people and their memberships, written by the operator.
extension Transaction where E == Operator {
  /// Makes the person where the address is new (the password is set only then), and gives them the
  /// roles in the tenant; a member who was disabled is back.
  package func createUser(
    _ email: EmailAddress, name: String, password: PasswordHash, roles: Set<Role>
  ) {
    run(
      "User.create",
      """
      insert into sec.users (id, email, name, password_hash)
      values (\(ID<User>()), \(email), \(name), \(password.phc)) on conflict (email) do nothing
      """)
    run(
      "User.join",
      """
      insert into memberships (tenant_id, user_id, roles, display_name, email)
      select app.tenant(), u.id, \(SQL.TextArray(roles.map(\.rawValue).sorted())), \(name), u.email
      from sec.users u where u.email = \(email)
      on conflict (tenant_id, user_id) do update set roles = excluded.roles, disabled_at = null
      """)
    auditMember("member_joined", email, to: roles)
  }

  package func setRoles(_ roles: Set<Role>, of email: EmailAddress) {
    run(
      "User.setRoles",
      """
      update memberships set roles = \(SQL.TextArray(roles.map(\.rawValue).sorted()))
      where tenant_id = (select app.tenant()) and email = \(email)
      """)
    closeSessions(of: email)
    auditMember("roles_changed", email, to: roles)
  }

  /// Ends the membership and every session of it; histories keep the name.
  package func disable(_ email: EmailAddress) {
    run(
      "User.disable",
      "update memberships set disabled_at = now() where tenant_id = (select app.tenant()) and email = \(email)"
    )
    closeSessions(of: email)
    auditMember("member_disabled", email, to: [])
  }

  package func resetPassword(of email: EmailAddress, to password: PasswordHash) {
    run(
      "User.resetPassword",
      "update sec.users set password_hash = \(password.phc) where email = \(email)")
    closeSessions(of: email)
    auditMember("password_reset", email, to: [])
  }

  private func closeSessions(of email: EmailAddress) {
    run(
      "User.closeSessions",
      """
      delete from sec.sessions s using sec.users u
      where u.id = s.user_id and u.email = \(email)
      """)
  }

  private func auditMember(_ action: String, _ email: EmailAddress, to roles: Set<Role>) {
    run(
      "User.audit",
      """
      insert into audit_log (tenant_id, id, action, subject_type, subject_id, new)
      select app.tenant(), \(ID<AuditRow>()), \(action), 'user', u.id,
             nullif(\(roles.map(\.rawValue).sorted().joined(separator: ",")), '')
      from sec.users u where u.email = \(email)
      """)
  }
}

extension Member {
  /// The member of a tenant with this address, whether disabled or not; for the operator.
  package static func with(_ email: EmailAddress, in tenant: ID<Tenant>) -> Query<ID<User>?> {
    Query(
      "Member.with",
      "select user_id from memberships where tenant_id = (select app.tenant()) and email = \(email)",
      one: { try $0.next() })
  }
}

/// What is known of an address before the operator acts on it.
package struct MemberStanding: Sendable {
  /// Signs in already, in this tenant or another.
  package let isPerson: Bool
  package let isMember: Bool
  package let isDisabled: Bool

  package static func of(_ email: EmailAddress) -> Query<MemberStanding> {
    Query(
      "MemberStanding.of",
      """
      select exists (select from sec.users u where u.email = \(email)),
             m.user_id is not null, m.disabled_at is not null
      from (select) nobody left join memberships m on m.tenant_id = (select app.tenant()) and m.email = \(email)
      """,
      only: { row in
        try MemberStanding(isPerson: row.next(), isMember: row.next(), isDisabled: row.next())
      })
  }
}
