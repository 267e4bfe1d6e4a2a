import Postgres
import Testing

@Suite struct `The product's migrations` {
  @Test func `endanger no table in use without saying why`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let migrator = Migrator(
      scratch.url, directory: "\(Repository.root)/migrations", runnerVersion: "test")

    #expect(try migrator.verify() == [])
  }

  @Test func `go up, all the way down, and up again to the very same schema`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let migrator = Migrator(
      scratch.url, directory: "\(Repository.root)/migrations", runnerVersion: "test")

    let files = try migrator.up().map(\.file)
    let fresh = try schema(of: scratch)
    var down: [String] = []
    for _ in files { down.append(try migrator.down(acceptingDataLoss: true).file) }
    let empty = try schema(of: scratch)
    let again = try migrator.up().map(\.file)

    #expect(down == files.reversed())
    #expect(empty.filter { !$0.contains("schema_migrations") } == [])
    #expect(again == files)
    #expect(try schema(of: scratch) == fresh)
    #expect(fresh.count > 300)
    #expect(try migrator.verify() == [])
  }

  @Test func `do not go down over seeded rows unless told to`() throws {
    let scratch = try ScratchDatabase(isBootstrapped: true)
    let migrator = Migrator(
      scratch.url, directory: "\(Repository.root)/migrations", runnerVersion: "test")
    _ = try migrator.up()
    while try migrator.status().contains(where: { $0.version == "0003" && $0.state != .pending }) {
      _ = try migrator.down(acceptingDataLoss: true)
    }

    let error = try #require(throws: MigrationError.self) { try migrator.down() }

    #expect("\(error)" == "taking 0002_tenancy.sql down would lose data: app.role_permissions")
  }

  /// Every object of ours with its definition, owner and grants, one a line, without object ids.
  private func schema(of scratch: ScratchDatabase) throws -> [String] {
    try scratch.database().call(
      Query(
        "schema",
        """
        with ours as (
          select oid, nspname from pg_namespace where nspname in ('app', 'sec', 'crm', 'public'))
        select line from (
          select concat_ws(' ', 'schema', nspname, pg_get_userbyid(nspowner), nspacl) as line
            from pg_namespace where nspname in ('app', 'sec', 'crm')
          union all
          select concat_ws(' ', 'relation', nspname, relname, relkind, pg_get_userbyid(relowner), relacl,
                           relrowsecurity, relforcerowsecurity, reloptions)
            from pg_class c join ours o on o.oid = relnamespace
          union all
          select concat_ws(' ', 'column', nspname, relname, attnum, attname, format_type(atttypid, atttypmod),
                           attnotnull, attgenerated, pg_get_expr(adbin, adrelid), attacl)
            from pg_attribute a join pg_class c on c.oid = attrelid join ours o on o.oid = relnamespace
            left join pg_attrdef d on (adrelid, adnum) = (attrelid, attnum) where attnum > 0
          union all
          select concat_ws(' ', 'constraint', nspname, conrelid::regclass, conname, convalidated,
                           pg_get_constraintdef(k.oid))
            from pg_constraint k join ours o on o.oid = connamespace
          union all
          select concat_ws(' ', 'index', nspname, pg_get_indexdef(indexrelid), indisvalid)
            from pg_index i join pg_class c on c.oid = indexrelid join ours o on o.oid = relnamespace
          union all
          select concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(t.oid), tgenabled)
            from pg_trigger t join pg_class c on c.oid = tgrelid join ours o on o.oid = relnamespace
            where not tgisinternal
          union all
          select concat_ws(' ', 'policy', polrelid::regclass, polname, polpermissive, polcmd,
                           (select array_agg(pg_get_userbyid(r) order by 1) from unnest(polroles) r),
                           pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
            from pg_policy
          union all
          select concat_ws(' ', 'function', p.oid::regprocedure, pg_get_userbyid(proowner), proacl,
                           pg_get_functiondef(p.oid))
            from pg_proc p join ours o on o.oid = pronamespace where prokind in ('f', 'p')
          union all
          select concat_ws(' ', 'type', nspname, typname, typtype) from pg_type t join ours o on o.oid = typnamespace
          union all
          select concat_ws(' ', 'default', pg_get_userbyid(defaclrole), defaclobjtype, defaclacl) from pg_default_acl
        ) lines order by line collate "C"
        """,
        all: { try $0.next(String.self) }))
  }
}
