import Postgres

/// The database roles that processes sign in as. None owns anything or passes row security;
/// `migrate` may become the owner, on purpose only.
package enum LoginRole: String, CaseIterable, Sendable {
  case migrate = "closerflow_migrate"
  case web = "closerflow_web"
  case signIn = "closerflow_sign_in"
  case worker = "closerflow_worker"

  /// What deploy/postgres/bootstrap.sql sets for the role in this database, and nothing else may: PostgreSQL lets a role
  /// set its own.
  var settings: [String] {
    switch self {
    case .migrate: ["lock_timeout=4s", "search_path=crm, app, sec, extensions"]
    case .web, .signIn, .worker:
      [
        "idle_in_transaction_session_timeout=10s", "jit=off", "lock_timeout=2s",
        "max_parallel_workers_per_gather=0", "search_path=crm, app, extensions",
        "statement_timeout=5s",
      ]
    }
  }
}

/// Which powers a connection has; the fences around tenants hold for the plain login roles only.
package struct ConnectedRole: Sendable {
  package let name: String
  /// A superuser, or one who passes row security.
  package let isUnfenced: Bool
  /// Owns something in this database, or may become its owner.
  package let isOwner: Bool
  /// What is set for it, for this database or for all, in order.
  package let settings: [String]

  package init(name: String, isUnfenced: Bool, isOwner: Bool, settings: [String]) {
    self.name = name
    self.isUnfenced = isUnfenced
    self.isOwner = isOwner
    self.settings = settings
  }

  package static let current = Query<ConnectedRole>(
    "ConnectedRole.current",
    """
    select r.rolname, r.rolsuper or r.rolbypassrls,
           exists (select from pg_shdepend d
                    where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'
                      and d.dbid = (select oid from pg_database where datname = current_database()))
           or exists (select from pg_roles o
                       where o.rolname = 'closerflow_owner' and pg_has_role(r.oid, o.oid, 'MEMBER')),
           coalesce((select string_agg(c.setting, chr(10) order by c.setting collate "C")
                       from pg_db_role_setting s cross join unnest(s.setconfig) c (setting)
                      where s.setrole = r.oid and s.setdatabase in (
                        0, (select oid from pg_database where datname = current_database()))), '')
    from pg_roles r where r.rolname = session_user
    """,
    only: { row in
      let (name, isUnfenced): (String, Bool) = (try row.next(), try row.next())
      let isOwner: Bool = try row.next()
      let settings = try row.next(String.self).utf8.split(separator: UInt8(ascii: "\n"))
      return ConnectedRole(
        name: name, isUnfenced: isUnfenced, isOwner: isOwner,
        settings: settings.map { String(Substring($0)) })
    })

  /// What makes this connection unfit to serve as `role`; nil when it is fit.
  package func objection(to role: LoginRole) -> String? {
    if isUnfenced { return "the role \(name) is not held by row security" }
    if name != role.rawValue { return "the role is \(name), not \(role.rawValue)" }
    if isOwner { return "the role \(name) owns tables or may become their owner" }
    if let setting = settings.first(where: { !role.settings.contains($0) }) {
      return "somebody set \(setting) for the role \(name)"
    }
    if let setting = role.settings.first(where: { !settings.contains($0) }) {
      return "the role \(name) lacks the setting \(setting)"
    }
    return nil
  }
}
