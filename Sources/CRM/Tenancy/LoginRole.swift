import Postgres

/// The database roles that processes sign in as. None owns anything or passes row security;
/// `migrate` may become the owner, on purpose only.
package enum LoginRole: String, CaseIterable, Sendable {
  case migrate = "closerflow_migrate"
  case web = "closerflow_web"
  case signIn = "closerflow_sign_in"
  case worker = "closerflow_worker"
}

/// Which powers a connection has; the fences around tenants hold for the plain login roles only.
package struct ConnectedRole: Sendable {
  package let name: String
  /// A superuser, or one who passes row security.
  package let isUnfenced: Bool
  /// Owns something in this database, or may become its owner.
  package let isOwner: Bool

  package static let current = Query<ConnectedRole>(
    "ConnectedRole.current",
    """
    select r.rolname, r.rolsuper or r.rolbypassrls,
           exists (select from pg_shdepend d
                    where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'
                      and d.dbid = (select oid from pg_database where datname = current_database()))
           or exists (select from pg_roles o
                       where o.rolname = 'closerflow_owner' and pg_has_role(r.oid, o.oid, 'MEMBER'))
    from pg_roles r where r.rolname = session_user
    """,
    only: { row in
      try ConnectedRole(name: row.next(), isUnfenced: row.next(), isOwner: row.next())
    })

  /// What makes this connection unfit to serve as `role`; nil when it is fit.
  package func objection(to role: LoginRole) -> String? {
    if isUnfenced { return "the role \(name) is not held by row security" }
    if name != role.rawValue { return "the role is \(name), not \(role.rawValue)" }
    if isOwner { return "the role \(name) owns tables or may become their owner" }
    return nil
  }
}
