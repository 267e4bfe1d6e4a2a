/// What must hold for the schema, whoever changed it; asked of the catalogue after every migration.
enum MigrationCatalogue {
  /// Everything that breaks a rule now, inside the connection's transaction if it has one.
  static func findings(on connection: Connection) throws -> [MigrationFinding] {
    let statements = rules.map { Statement($0.name, $0.sql) }
    return try zip(rules, connection.pipeline(statements)).flatMap { rule, rows in
      try rule.decode(rows)
    }
  }

  private static let rules: [Query<[MigrationFinding]>] = [
    fencedTables, appendOnlyTriggers, cascades, publicFunctions, publicTables, definers, views,
    owners,
  ]

  /// A rule's query answers with place and text.
  private static func rule(
    _ name: StaticString, _ text: String, _ sql: SQL
  ) -> Query<[MigrationFinding]> {
    Query(
      name, sql,
      all: { row in MigrationFinding(place: try row.next(), rule: text, text: try row.next()) })
  }

  private static let fencedTables = rule(
    "Catalogue.fences", "tenancy",
    """
    with tables as (
      select c.oid, c.relname, c.relrowsecurity and c.relforcerowsecurity as is_forced,
             exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'
                        and not a.attisdropped) as has_tenant,
             exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'fence'
                        and not p.polpermissive and p.polcmd = '*'
                        and pg_get_expr(p.polqual, c.oid) like '%tenant()%'
                        and pg_get_expr(p.polwithcheck, c.oid) like '%tenant()%'
                        and exists (select from pg_depend d
                                     where d.classid = 'pg_policy'::regclass and d.objid = p.oid
                                       and d.refobjid = to_regprocedure('app.tenant()'))
                        and (p.polroles = '{0}' or p.polroles @> array(
                          select r.oid from pg_roles r
                           where r.rolname in ('closerflow_web', 'closerflow_worker')))) as is_fenced
        from pg_class c
       where c.relnamespace = to_regnamespace('crm') and c.relkind in ('r', 'p'))
    select 'crm.' || relname, case
             when not has_tenant and relname <> 'tenants'
               then 'has no tenant_id; fixed tables belong in app'
             when not is_forced then 'row level security is not enabled and forced'
             else 'has no restrictive policy "fence" by app.tenant() for both login roles' end
      from tables
     where not has_tenant and relname <> 'tenants' or not is_forced or not is_fenced
     order by 1
    """)

  private static let appendOnlyTriggers = rule(
    "Catalogue.appendOnly", "append-only",
    """
    select c.relnamespace::regnamespace || '.' || c.relname,
           case when t.tgenabled <> 'A' then 'trigger ' || t.tgname || ' is not ENABLE ALWAYS'
                else 'has no trigger no_truncate that is ENABLE ALWAYS' end
      from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where not t.tgisinternal
       and (t.tgname in ('immutable', 'no_truncate') and t.tgenabled <> 'A'
            or t.tgname = 'immutable' and not exists (
              select from pg_trigger n where n.tgrelid = t.tgrelid and n.tgname = 'no_truncate'))
     order by 1
    """)

  private static let cascades = rule(
    "Catalogue.cascades", "append-only",
    """
    select c.relnamespace::regnamespace || '.' || c.relname,
           'foreign key ' || f.conname || ' would change or delete append-only rows'
      from pg_constraint f join pg_class c on c.oid = f.conrelid
     where f.contype = 'f'
       and (f.confdeltype in ('c', 'n', 'd') or f.confupdtype in ('c', 'n', 'd'))
       and exists (select from pg_trigger t where t.tgrelid = f.conrelid and t.tgname = 'immutable')
     order by 1
    """)

  private static let publicFunctions = rule(
    "Catalogue.publicFunctions", "grants",
    """
    select format('%s.%s(%s)', p.pronamespace::regnamespace, p.proname,
                  pg_get_function_identity_arguments(p.oid)),
           'may be executed by everybody'
      from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
     where p.pronamespace::regnamespace::text in ('app', 'sec', 'crm')
       and g.grantee = 0 and g.privilege_type = 'EXECUTE'
     order by 1
    """)

  private static let publicTables = rule(
    "Catalogue.publicTables", "grants",
    """
    select c.relnamespace::regnamespace || '.' || c.relname,
           'is open to everybody: ' || string_agg(g.privilege_type, ', ')
      from pg_class c, aclexplode(c.relacl) g
     where c.relnamespace::regnamespace::text in ('app', 'sec', 'crm') and g.grantee = 0
     group by 1
     order by 1
    """)

  // A search_path that the caller chooses, or that looks into pg_temp first, lets the caller put
  // their own functions under the definer's rights (manual, CREATE FUNCTION).
  private static let definers = rule(
    "Catalogue.definers", "definer",
    """
    select format('%s.%s(%s)', p.pronamespace::regnamespace, p.proname,
                  pg_get_function_identity_arguments(p.oid)),
           'is SECURITY DEFINER without a fixed search_path ending in pg_temp'
      from pg_proc p
     where p.pronamespace::regnamespace::text in ('app', 'sec', 'crm', 'public') and p.prosecdef
       and not exists (select from unnest(p.proconfig) c
                        where c like 'search_path=%pg_temp' and c not like '%$user%')
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass
                        and d.objid = p.oid and d.deptype = 'e')
     order by 1
    """)

  // A plain view reads as its owner, who passes every fence.
  private static let views = rule(
    "Catalogue.views", "tenancy",
    """
    select c.relnamespace::regnamespace || '.' || c.relname, case c.relkind
             when 'm' then 'is a materialized view: row level security does not reach it'
             else 'is a view without security_invoker' end
      from pg_class c
     where c.relnamespace::regnamespace::text in ('app', 'crm')
       and (c.relkind = 'm' or c.relkind = 'v' and not coalesce(
              (select o.option_value::boolean from pg_options_to_table(c.reloptions) o
                where o.option_name = 'security_invoker'), false))
     order by 1
    """)

  private static let owners = rule(
    "Catalogue.owners", "owner",
    """
    select place, 'belongs to ' || owner::regrole || ', not to closerflow_owner'
      from (select nspname::text, nspowner from pg_namespace where nspname in ('app', 'sec', 'crm')
            union all
            select relnamespace::regnamespace || '.' || relname, relowner from pg_class
             where relnamespace::regnamespace::text in ('app', 'sec', 'crm')
               and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
            union all
            select pronamespace::regnamespace || '.' || proname, proowner from pg_proc
             where pronamespace::regnamespace::text in ('app', 'sec', 'crm')) o (place, owner)
     where owner <> 'closerflow_owner'::regrole
     order by 1
    """)
}
