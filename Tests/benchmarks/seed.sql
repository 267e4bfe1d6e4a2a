-- :tenants tenants with :leads leads each, two members and one session a tenant (token: 32 bytes of
-- the tenant's number). Run as a superuser on an empty migrated database; triggers are skipped.
set session_replication_role = replica;
set search_path = crm, app, extensions;
-- Ids in the order of time, like UUIDv7: 48 bits of milliseconds, then a counter.
create function pg_temp.id(kind int, t int, n int) returns uuid language sql immutable as
  $$ select (lpad(to_hex(1760000000000 + n), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
             || '8' || lpad(to_hex(t), 7, '0') || lpad(to_hex(n), 8, '0'))::uuid $$;

insert into crm.tenants (id, slug, name, contact_name, contact_email, phone_region)
  select pg_temp.id(1, t, 0), 'bench-' || t, 'Bench ' || t, 'Desk', 'desk@bench' || t || '.example', 'FR'
    from generate_series(1, :tenants) t;
insert into sec.users (id, email, name, password_hash)
  select pg_temp.id(2, t, m), 'm' || m || '@bench' || t || '.example', 'Member ' || m, '$argon2id$unused'
    from generate_series(1, :tenants) t, generate_series(1, 2) m;
insert into crm.memberships (tenant_id, user_id, roles, display_name, email)
  select pg_temp.id(1, t, 0), pg_temp.id(2, t, m), array['sales', 'reviewer', 'admin'], 'Member ' || m,
         'm' || m || '@bench' || t || '.example'
    from generate_series(1, :tenants) t, generate_series(1, 2) m;
insert into sec.sessions (token_hash, user_id, tenant_id, idle_expires_at, expires_at)
  select sha256(decode(lpad(to_hex(t), 64, '0'), 'hex')), pg_temp.id(2, t, 1), pg_temp.id(1, t, 0),
         now() + interval '1 day', now() + interval '1 day'
    from generate_series(1, :tenants) t;
insert into crm.leads (tenant_id, id, title, description, company, source, owner_id, stage, estimated_value,
                       contact_name, contact_email, created_by, created_at)
  select pg_temp.id(1, t, 0), pg_temp.id(3, t, n), 'Kitchen renovation ' || n, 'Met at the fair.',
         'Company ' || (n * 7919 % 1000), 'fair', pg_temp.id(2, t, 1 + n % 2),
         (array['new', 'discovery', 'proposal', 'decision'])[1 + n % 4], (n * 7919 % 90000) * 100,
         'Person ' || n, 'person' || n || '@company' || (n * 7919 % 1000) || '.example',
         pg_temp.id(2, t, 1), now() - (:leads - n) * interval '1 minute'
    from generate_series(1, :tenants) t, generate_series(1, :leads) n;
set session_replication_role = origin;
vacuum analyze;
