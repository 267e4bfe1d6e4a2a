-- migrate:up
-- Schemas, the context a transaction runs in, and the three promises a table can make: fenced by
-- tenant, append-only, touched. Creates only; takes no lock on anything in use.

-- Functions are callable by nobody until granted.
alter default privileges revoke execute on functions from public;

create schema crm;   -- tenant-owned tables
create schema app;   -- functions and fixed tables the login roles use
create schema sec;   -- people, sessions, throttles: no grants, reached through functions only
grant usage on schema crm, app to closerflow_web, closerflow_worker;
grant usage on schema app to closerflow_sign_in;

-- Whose transaction this is. The app.enter… functions put a ticket into a setting that lives as long
-- as the transaction; these two resolve it, so that a role which could run any SQL still cannot
-- name a tenant or a person it holds no ticket for: the ticket of the web is the hash of a session's
-- token, the ticket of the worker a delivery it has leased. Other roles (the owner's commands) say
-- plainly whom they act for. After the transaction the setting reads '' on that connection, not
-- NULL. docs/decisions/0005-tenant-context.md has the cost.
create function app.tenant() returns uuid
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  ticket constant text := current_setting('app.ticket', true);
  resolved uuid;
begin
  if session_user = 'closerflow_web' then
    select s.tenant_id into resolved from sec.sessions s
     where s.token_hash = decode(ticket, 'hex') and s.expires_at > now() and s.idle_expires_at > now();
  elsif session_user = 'closerflow_worker' then
    select d.tenant_id into resolved from crm.deliveries d
     where d.tenant_id = nullif(split_part(ticket, '/', 1), '')::uuid
       and d.id = nullif(split_part(ticket, '/', 2), '')::uuid
       and d.lease_token = nullif(split_part(ticket, '/', 3), '')::bigint;
  else
    resolved := nullif(current_setting('app.tenant', true), '')::uuid;
  end if;
  return resolved;
end $$;

create function app.actor() returns uuid
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  resolved uuid;
begin
  if session_user = 'closerflow_web' then
    select s.user_id into resolved from sec.sessions s
     where s.token_hash = decode(current_setting('app.ticket', true), 'hex')
       and s.expires_at > now() and s.idle_expires_at > now();
  elsif session_user <> 'closerflow_worker' then
    resolved := nullif(current_setting('app.actor', true), '')::uuid;
  end if;
  return resolved;
end $$;

-- For the audit log only; nothing is decided by it.
create function app.request_id() returns text
  language sql stable parallel safe
  return nullif(pg_catalog.current_setting('app.request', true), '');

grant execute on function app.tenant(), app.actor(), app.request_id()
  to closerflow_web, closerflow_worker;

-- Fences a table by tenant: the restrictive policy is ANDed to everything the login roles do, so
-- that a stray permissive policy cannot widen it; the owner passes for migrations and for the few
-- SECURITY DEFINER functions, which name the tenant themselves.
create procedure app.fence(target regclass, key name default 'tenant_id')
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy fence on %s as restrictive to closerflow_web, closerflow_worker '
    'using (%2$I = (select app.tenant())) with check (%2$I = (select app.tenant()))', target, key);
  execute format('create policy web on %s to closerflow_web using (true) with check (true)', target);
  execute format('create policy worker on %s to closerflow_worker using (true) with check (true)', target);
  execute format('create policy own on %s to closerflow_owner using (true) with check (true)', target);
end $$;

-- A missing grant is not enough: owners, cascades and TRUNCATE get round it.
create function app.refuse_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'CF001';
end $$;

create procedure app.make_append_only(target regclass)
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('create trigger immutable before update or delete on %s '
                 'for each row execute function app.refuse_change()', target);
  execute format('create trigger no_truncate before truncate on %s '
                 'for each statement execute function app.refuse_change()', target);
  execute format('alter table %s enable always trigger immutable', target);
  execute format('alter table %s enable always trigger no_truncate', target);
end $$;

create function app.touch() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := now();
  return new;
end $$;

create procedure app.keep_updated_at(target regclass)
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('create trigger touch before update on %s '
                 'for each row execute function app.touch()', target);
end $$;

-- The rules for an address, in one place: stored lower-case, at most 254 bytes (RFC 5321).
create domain app.email as text
  check (value = lower(value) and octet_length(value) <= 254
         and value ~ '^[a-z0-9.!#$%&''*+/=?^_`{|}~-]+@[a-z0-9](-?[a-z0-9])*([.][a-z0-9](-?[a-z0-9])*)+$');

-- E.164.
create domain app.phone as text check (value ~ '^\+[1-9][0-9]{6,14}$');

-- The newest migration applied; /readyz and `closerflow check` report it.
create function app.schema_version() returns text
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select max(version) from public.schema_migrations;
  end;
grant execute on function app.schema_version() to closerflow_web, closerflow_worker;

-- migrate:down
drop schema sec cascade;
drop schema crm cascade;
drop schema app cascade;
alter default privileges grant execute on functions to public;
