-- migrate:up
-- Sign-in, sessions, and app.enter: the only way into a tenant. Creates only.

create table sec.sessions (
  -- SHA-256 of the token in the visitor's cookie; the token itself is stored nowhere.
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  user_id uuid not null,
  tenant_id uuid not null,
  address text,
  user_agent text check (length(user_agent) <= 300),
  created_at timestamptz not null default now(),
  touched_at timestamptz not null default now(),
  idle_expires_at timestamptz not null,
  expires_at timestamptz not null,
  foreign key (tenant_id, user_id) references crm.memberships (tenant_id, user_id)
);
create index sessions_user_idx on sec.sessions (user_id, created_at);
create index sessions_member_idx on sec.sessions (tenant_id, user_id);
create index sessions_expiry_idx on sec.sessions (expires_at);

-- Attempts to sign in, counted before the password is looked at so that parallel guesses count.
create table sec.login_throttles (
  key text primary key,
  attempts int not null,
  blocked_until timestamptz not null default '-infinity',
  updated_at timestamptz not null default now()
);
create index login_throttles_updated_idx on sec.login_throttles (updated_at);

-- Recognises a form that was posted twice; kept two days.
create table crm.idempotency_keys (
  tenant_id uuid not null,
  user_id uuid not null,
  key uuid not null,
  location text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id, key),
  foreign key (tenant_id, user_id) references crm.memberships (tenant_id, user_id)
);
create index idempotency_keys_age_idx on crm.idempotency_keys (created_at);
call app.fence('crm.idempotency_keys');
grant select, insert on crm.idempotency_keys to closerflow_web;
grant update (location) on crm.idempotency_keys to closerflow_web;

-- Resolves a session to tenant, person and roles, checks the permission (null asks for none) and
-- sets the context for this transaction: the ticket, and the time zone that times are written in.
-- Raises CF401 (no such session) or CF403 (not permitted). With counts, also what waits for the
-- person, at most 501 each; here, because the owner counts without asking for the ticket again.
create function app.enter(p_token_hash bytea, p_permission text, p_request text, p_with_counts boolean)
  returns table (
    tenant_id uuid, user_id uuid, roles text[], name text, tenant_name text, locale text,
    currency text, entered_at timestamptz, is_touch_due boolean, waiting_drafts bigint,
    still_deliveries bigint)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
begin
  select s.tenant_id, s.user_id, m.roles, m.display_name, t.name, coalesce(u.locale, t.locale),
         t.currency, now(), s.touched_at < now() - interval '1 minute', t.timezone
    into tenant_id, user_id, roles, name, tenant_name, locale, currency, entered_at, is_touch_due, zone
    from sec.sessions s
    join crm.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
    join crm.tenants t on t.id = s.tenant_id
    join sec.users u on u.id = s.user_id
   where s.token_hash = p_token_hash
     and s.expires_at > now() and s.idle_expires_at > now()
     and m.disabled_at is null and u.disabled_at is null;
  if not found then
    raise exception 'no such session' using errcode = 'CF401';
  end if;
  if p_permission is not null and not exists (
      select from app.role_permissions p where p.permission = p_permission and p.role = any (enter.roles)) then
    raise exception 'not permitted: %', p_permission using errcode = 'CF403';
  end if;
  perform set_config('app.ticket', encode(p_token_hash, 'hex'), true),
          set_config('TimeZone', zone, true),
          set_config('app.request', coalesce(p_request, ''), true);
  if p_with_counts then
    select count(*) into waiting_drafts from (
      select from crm.drafts d
       where d.tenant_id = enter.tenant_id and d.status = 'under_review'
         and enter.user_id not in (d.author_id, d.last_editor_id) limit 501) w;
    select count(*) into still_deliveries from (
      select from crm.deliveries x
       where x.tenant_id = enter.tenant_id and x.state in ('uncertain', 'blocked', 'dead') limit 501) s;
  end if;
  return next;
end $$;

-- Keeps a session in use alive; called at most once a minute.
create function app.touch_session(p_token_hash bytea) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update sec.sessions
       set touched_at = now(), idle_expires_at = least(expires_at, now() + interval '2 hours')
     where token_hash = p_token_hash;
  end;

-- Counts one attempt under a key. Returns the seconds to wait, 0 when the attempt may go on. After
-- p_free attempts the wait doubles up to p_cap; an hour without attempts forgets them.
create function sec.throttle(p_key text, p_free int, p_cap interval) returns int
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  seen sec.login_throttles;
begin
  insert into sec.login_throttles as t (key, attempts) values (p_key, 0)
    on conflict (key) do update set attempts = t.attempts  -- locks the row
    returning * into seen;
  if seen.blocked_until > now() then
    return ceil(extract(epoch from seen.blocked_until - now()));
  end if;
  if seen.updated_at < now() - interval '1 hour' then seen.attempts := 0; end if;
  update sec.login_throttles
     set attempts = seen.attempts + 1, updated_at = now(),
         blocked_until = case when seen.attempts + 1 >= p_free
           then now() + least(p_cap, interval '1 second' * 2 ^ least(seen.attempts + 1 - p_free, 12))
           else '-infinity' end
   where key = p_key;
  return 0;
end $$;

-- One attempt to sign in: the seconds to wait, or the hash to compare with (null for unknown or
-- disabled people, who then cost the caller the same work). Three counters: this account from this
-- address, this address, this account. The last is capped low, so that a stranger's guessing slows
-- the owner down by seconds and never locks them out.
create function app.sign_in_attempt(p_email text, p_address text)
  returns table (wait_seconds int, user_id uuid, password_hash text)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  wait_seconds := greatest(
    sec.throttle('pair:' || p_email || ':' || p_address, 5, interval '15 minutes'),
    sec.throttle('address:' || p_address, 30, interval '15 minutes'),
    sec.throttle('account:' || p_email, 50, interval '8 seconds'));
  if wait_seconds = 0 then
    select u.id, u.password_hash into user_id, password_hash
      from sec.users u
     where u.email = p_email and u.disabled_at is null
       and exists (select from crm.memberships m where m.user_id = u.id and m.disabled_at is null);
  end if;
  return next;
end $$;

-- Opens a session after the password was found right; keeps the five newest of the person.
create function app.open_session(
    p_user uuid, p_token_hash bytea, p_email text, p_address text, p_user_agent text,
    p_audit_id uuid, p_new_hash text)
  returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  home uuid;
begin
  select m.tenant_id into strict home
    from crm.memberships m
   where m.user_id = p_user and m.disabled_at is null
   order by m.created_at limit 1;
  insert into sec.sessions (token_hash, user_id, tenant_id, address, user_agent, idle_expires_at, expires_at)
  values (p_token_hash, p_user, home, p_address, left(p_user_agent, 300),
          now() + interval '2 hours', now() + interval '12 hours');
  delete from sec.sessions s where s.user_id = p_user and s.token_hash not in (
    select k.token_hash from sec.sessions k where k.user_id = p_user
     order by k.created_at desc, k.token_hash limit 5);
  update sec.users
     set last_login_at = now(), password_hash = coalesce(p_new_hash, password_hash)
   where id = p_user;
  -- What succeeded was no guess: an office behind one address may sign in as often as it likes.
  delete from sec.login_throttles where key in ('pair:' || p_email || ':' || p_address, 'account:' || p_email);
  update sec.login_throttles set attempts = greatest(0, attempts - 1), blocked_until = '-infinity'
   where key = 'address:' || p_address;
  insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id)
  values (home, p_audit_id, p_user, 'member', 'signed_in', 'user', p_user);
end $$;

create function app.close_session(p_token_hash bytea) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from sec.sessions where token_hash = p_token_hash;
  end;

-- Claims an idempotency key inside the caller's transaction. A second claim waits for the first
-- to end, then returns is_new = false and where the first one went. p_tenant is what app.enter found:
-- naming it orders the two in one statement.
create function app.once(p_key uuid, p_tenant uuid) returns table (is_new boolean, location text)
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.idempotency_keys (tenant_id, user_id, key)
  values (p_tenant, app.actor(), p_key) on conflict do nothing;
  is_new := found;
  if not is_new then
    select k.location into location from crm.idempotency_keys k
     where k.tenant_id = p_tenant and k.user_id = app.actor() and k.key = p_key;
  end if;
  return next;
end $$;

-- Housekeeping, asked for hourly by the worker.
create function app.forget_expired() returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from sec.sessions where expires_at < now() - interval '1 day';
    delete from sec.login_throttles where updated_at < now() - interval '1 day';
    delete from crm.idempotency_keys where created_at < now() - interval '2 days';
  end;

grant execute on function
  app.enter(bytea, text, text, boolean), app.touch_session(bytea), app.close_session(bytea), app.once(uuid, uuid)
  to closerflow_web;
-- Only the sign-in role reads a password hash or makes a session: the web role cannot sign in as anybody.
grant execute on function
  app.sign_in_attempt(text, text), app.open_session(uuid, bytea, text, text, text, uuid, text)
  to closerflow_sign_in;
grant execute on function app.forget_expired() to closerflow_worker;

-- migrate:down
drop function app.forget_expired();
drop function app.once(uuid, uuid);
drop function app.close_session(bytea);
drop function app.open_session(uuid, bytea, text, text, text, uuid, text);
drop function app.sign_in_attempt(text, text);
drop function sec.throttle(text, int, interval);
drop function app.touch_session(bytea);
drop function app.enter(bytea, text, text, boolean);
drop table crm.idempotency_keys;
drop table sec.login_throttles;
drop table sec.sessions;
