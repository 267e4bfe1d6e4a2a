-- migrate:up
-- What later features stand on: jobs for the worker, the ledger that undoes what was done to many, the
-- first slice of conversations, and notifications. The comments below allow locks on crm.leads: nothing
-- was released before this.

-- ------------------------------------------------------------------ jobs

-- Work that a page asks for and does not wait for. A job acts for the person who asked: what it writes
-- carries their name, and the request id in the audit log names the job.
create table crm.jobs (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('questions', 'import', 'embeddings')),
  -- What it is about: an import, a lead.
  subject_id uuid not null,
  params jsonb not null default '{}',
  requested_by uuid not null,
  state text not null default 'ready' check (state in ('ready', 'leased', 'done', 'failed', 'cancelled')),
  attempts int not null default 0,
  max_attempts int not null default 5,
  run_at timestamptz not null default now(),
  lease_token bigint not null default 0,
  lease_owner text,
  lease_until timestamptz,
  -- How far it is; total is null until it is known.
  done int not null default 0 check (done >= 0),
  total int check (total >= 0),
  last_error text check (length(last_error) <= 500),
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint jobs_requested_by_fkey foreign key (tenant_id, requested_by)
    references crm.memberships (tenant_id, user_id),
  constraint jobs_leased check ((state = 'leased') = (lease_until is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- Asked for twice, done once.
create unique index jobs_one_live_key on crm.jobs (tenant_id, kind, subject_id) where state in ('ready', 'leased');
create index jobs_subject_idx on crm.jobs (tenant_id, subject_id, id desc);
create index jobs_requested_by_idx on crm.jobs (tenant_id, requested_by);
create index jobs_claim_idx on crm.jobs (tenant_id, run_at, id) where state = 'ready';
create index jobs_lease_idx on crm.jobs (lease_until) where state = 'leased';
call app.fence('crm.jobs');
call app.keep_updated_at('crm.jobs');
grant select on crm.jobs to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, kind, subject_id, params, requested_by) on crm.jobs to closerflow_web;

create function app.keep_job() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.requested_by := app.actor();
  return new;
end $$;
create trigger keep before insert on crm.jobs for each row execute function app.keep_job();

-- The worker's ticket is now one of two: a delivery or a job that it has leased.
create or replace function app.tenant() returns uuid
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
    if starts_with(ticket, 'job/') then
      select j.tenant_id into resolved from crm.jobs j
       where j.tenant_id = nullif(split_part(ticket, '/', 2), '')::uuid
         and j.id = nullif(split_part(ticket, '/', 3), '')::uuid
         and j.lease_token = nullif(split_part(ticket, '/', 4), '')::bigint
         and (j.state = 'leased' or j.xmin = pg_current_xact_id_if_assigned()::xid);
    else
      select d.tenant_id into resolved from crm.deliveries d
       where d.tenant_id = nullif(split_part(ticket, '/', 1), '')::uuid
         and d.id = nullif(split_part(ticket, '/', 2), '')::uuid
         and d.lease_token = nullif(split_part(ticket, '/', 3), '')::bigint
         and (d.state in ('leased', 'committing', 'uncertain') or d.xmin = pg_current_xact_id_if_assigned()::xid);
    end if;
  else
    resolved := nullif(current_setting('app.tenant', true), '')::uuid;
  end if;
  return resolved;
end $$;

-- A job acts for the person who asked for it; a delivery for nobody.
create or replace function app.actor() returns uuid
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  ticket constant text := current_setting('app.ticket', true);
  resolved uuid;
begin
  if session_user = 'closerflow_web' then
    select s.user_id into resolved from sec.sessions s
     where s.token_hash = decode(ticket, 'hex') and s.expires_at > now() and s.idle_expires_at > now();
  elsif session_user = 'closerflow_worker' then
    if starts_with(ticket, 'job/') then
      select j.requested_by into resolved from crm.jobs j
       where j.tenant_id = app.tenant() and j.id = nullif(split_part(ticket, '/', 3), '')::uuid;
    end if;
  else
    resolved := nullif(current_setting('app.actor', true), '')::uuid;
  end if;
  return resolved;
end $$;

-- Leases the job that is due next, of a tenant chosen by chance among those that wait.
create function app.claim_job(p_kinds text[], p_owner text, p_lease interval)
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int, kind text, subject_id uuid, params jsonb)
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    with recursive waiting as (
      (select j.tenant_id from crm.jobs j where j.state = 'ready' order by j.tenant_id limit 1)
      union all
      select (select j.tenant_id from crm.jobs j
               where j.state = 'ready' and j.tenant_id > w.tenant_id order by j.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    ), picked as materialized (
      select x.tenant_id, x.id
        from (select w.tenant_id from waiting w where w.tenant_id is not null order by random()) t
       cross join lateral (
         select j.tenant_id, j.id from crm.jobs j
          where j.tenant_id = t.tenant_id and j.state = 'ready' and j.run_at <= now() and j.kind = any (p_kinds)
          order by j.run_at, j.id limit 1 for update of j skip locked) x
       limit 1
    )
    update crm.jobs j
       set state = 'leased', attempts = j.attempts + 1, lease_token = j.lease_token + 1,
           lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
      from picked p
     where j.tenant_id = p.tenant_id and j.id = p.id and j.state = 'ready'
    returning j.tenant_id, j.id, j.lease_token, j.attempts, j.kind, j.subject_id, j.params;
  end;

-- Enters the tenant of a job this worker holds. Raises CF409 when the lease is gone, CF403 when the
-- person who asked may not do it any more.
create function app.enter_job(p_tenant uuid, p_id uuid, p_token bigint) returns uuid
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
  is_member boolean;
begin
  -- What was asked for as a writer of leads is not done for somebody who is none any more.
  select t.timezone,
         m.disabled_at is null and exists (
           select from app.role_permissions p where p.role = any (m.roles) and p.permission = 'write_leads')
    into zone, is_member
    from crm.jobs j
    join crm.tenants t on t.id = j.tenant_id
    join crm.memberships m on m.tenant_id = j.tenant_id and m.user_id = j.requested_by
   where j.tenant_id = p_tenant and j.id = p_id and j.lease_token = p_token and j.state = 'leased';
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'jobs_lease';
  end if;
  if not is_member then
    raise exception 'who asked may not do it any more' using errcode = 'CF403', constraint = 'jobs_member';
  end if;
  perform set_config('app.ticket', concat_ws('/', 'job', p_tenant, p_id, p_token), true),
          set_config('TimeZone', zone, true),
          set_config('app.request', 'job/' || p_id, true);
  return p_tenant;
end $$;

-- Changes a job whose lease this worker holds; raises CF409 otherwise. p_state: leased (how far it is),
-- done, ready (given back without counting the attempt) or failed (tried again later, while it may be).
create function app.settle_job(p_tenant uuid, p_id uuid, p_token bigint, p_state text, p_done int, p_total int,
                               p_error text, p_is_final boolean)
  returns text
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  new_state text;
begin
  update crm.jobs j
     set state = case when p_state = 'failed' and not p_is_final and j.attempts < j.max_attempts then 'ready'
                      else p_state end,
         attempts = case when p_state = 'ready' then j.attempts - 1 else j.attempts end,
         done = coalesce(p_done, j.done), total = coalesce(p_total, j.total),
         last_error = left(p_error, 500),
         lease_until = case when p_state = 'leased' then j.lease_until end,
         run_at = case when p_state = 'failed'
           then clock_timestamp() + least(900, 5 * 2 ^ least(j.attempts - 1, 8)) * (0.5 + random() / 2) * interval '1 second'
           else j.run_at end,
         finished_at = case when p_state = 'done' or p_state = 'failed' and (p_is_final or j.attempts >= j.max_attempts)
                            then clock_timestamp() end
   where j.tenant_id = p_tenant and j.id = p_id and j.lease_token = p_token and j.state = 'leased'
     and p_state in ('leased', 'done', 'ready', 'failed')
  returning j.state into new_state;
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'jobs_lease';
  end if;
  return new_state;
end $$;

create function app.renew_jobs(p_owner text, p_ids uuid[], p_tokens bigint[], p_lease interval) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.jobs j set lease_until = clock_timestamp() + p_lease
      from unnest(p_ids, p_tokens) held (id, token)
     where j.state = 'leased' and j.lease_owner = p_owner and j.lease_until > clock_timestamp()
       and j.id = held.id and j.lease_token = held.token;
  end;

-- Jobs of workers that are gone go on with another, or end where they ended too many. Returns how many.
create function app.sweep_jobs() returns bigint
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    with ended as (
      update crm.jobs j
         set state = case when j.attempts >= j.max_attempts then 'failed' else 'ready' end,
             lease_until = null, last_error = 'The worker stopped',
             finished_at = case when j.attempts >= j.max_attempts then clock_timestamp() end
       where j.state = 'leased' and j.lease_until < clock_timestamp()
      returning 1)
    select count(*) from ended;
  end;

grant execute on function
  app.claim_job(text[], text, interval), app.enter_job(uuid, uuid, bigint),
  app.settle_job(uuid, uuid, bigint, text, int, int, text, boolean),
  app.renew_jobs(text, uuid[], bigint[], interval), app.sweep_jobs()
  to closerflow_worker;

-- ------------------------------------------------------------------ operations

-- Something done to many records at once, which can be taken back: a bulk change, a merge, an import.
create table crm.operations (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('bulk', 'merge', 'import')),
  -- What exactly, for the page: assign, tag, stage, archive, leads, contacts …
  action text not null check (action ~ '^[a-z]+(_[a-z]+)*$'),
  -- How many records it changed.
  subjects int not null default 0 check (subjects >= 0),
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  undone_at timestamptz,
  undone_by uuid,
  -- How many fields had been edited since, and stayed.
  refused int not null default 0,
  primary key (tenant_id, id),
  constraint operations_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint operations_undone_by_fkey foreign key (tenant_id, undone_by)
    references crm.memberships (tenant_id, user_id),
  constraint operations_undone check ((undone_at is null) = (undone_by is null))
);
create index operations_actor_idx on crm.operations (tenant_id, actor_id, id desc);
create index operations_undone_by_idx on crm.operations (tenant_id, undone_by) where undone_by is not null;
call app.fence('crm.operations');
grant select on crm.operations to closerflow_web, closerflow_worker;

-- Field by field what an operation changed. old and new are the column's values as JSON; a record that
-- the operation made has one row of the field '*' whose old is null.
create table crm.operation_changes (
  tenant_id uuid not null,
  operation_id uuid not null,
  seq bigint not null generated always as identity,
  entity text not null check (entity in ('lead', 'contact', 'lead_contact')),
  entity_id uuid not null,
  -- The lead of a lead_contact, whose entity_id is the contact.
  of_lead_id uuid,
  field text not null,
  old jsonb,
  new jsonb,
  -- After the undo: whether the old value was put back, or was refused because somebody edited it since.
  outcome text check (outcome in ('restored', 'refused')),
  primary key (tenant_id, operation_id, seq),
  constraint operation_changes_operation_fkey foreign key (tenant_id, operation_id)
    references crm.operations (tenant_id, id),
  constraint operation_changes_key unique nulls not distinct
    (tenant_id, operation_id, entity, entity_id, of_lead_id, field)
);
call app.fence('crm.operation_changes');
grant select on crm.operation_changes to closerflow_web, closerflow_worker;

-- Such a value as people read it, and as the audit log writes it: a list is its words.
create function app.plain(p_value jsonb) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select case jsonb_typeof(p_value)
      when 'array' then (select coalesce(string_agg(w, ' ' order by n), '')
                           from jsonb_array_elements_text(p_value) with ordinality t (w, n))
      else p_value #>> '{}' end;
  end;
grant execute on function app.plain(jsonb) to closerflow_web;

-- ------------------------------------------------------------------ conversations

create table crm.threads (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  channel text not null check (channel in ('email', 'sms', 'phone', 'form')),
  subject text check (length(subject) between 1 and 200),
  status text not null default 'open' check (status in ('open', 'closed')),
  awaiting_reply boolean not null default false,
  sentiment text check (sentiment in ('positive', 'neutral', 'negative', 'urgent')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint threads_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id)
);
create index threads_lead_idx on crm.threads (tenant_id, lead_id, id desc);
call app.fence('crm.threads');
call app.keep_updated_at('crm.threads');
grant select on crm.threads to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, channel, subject, awaiting_reply), update (subject, status, awaiting_reply, lead_id)
  on crm.threads to closerflow_web;

-- What was said: in (role lead) and out.
create table crm.messages (
  tenant_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  role text not null check (role in ('lead', 'operator', 'ai', 'system')),
  content text not null check (length(content) between 1 and 20000),
  external_id text check (length(external_id) between 1 and 500),
  in_reply_to uuid,
  -- Who wrote it down; null for the system.
  actor_id uuid,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint messages_thread_fkey foreign key (tenant_id, thread_id) references crm.threads (tenant_id, id),
  constraint messages_in_reply_to_fkey foreign key (tenant_id, in_reply_to) references crm.messages (tenant_id, id),
  constraint messages_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id)
);
create index messages_thread_idx on crm.messages (tenant_id, thread_id, id desc);
create index messages_in_reply_to_idx on crm.messages (tenant_id, in_reply_to) where in_reply_to is not null;
create index messages_actor_idx on crm.messages (tenant_id, actor_id) where actor_id is not null;
call app.fence('crm.messages');
call app.make_append_only('crm.messages');
grant select, insert (tenant_id, id, thread_id, role, content, external_id, in_reply_to, actor_id)
  on crm.messages to closerflow_web, closerflow_worker;
create trigger stamp before insert on crm.messages for each row execute function app.stamp_actor();

-- ------------------------------------------------------------------ notifications

-- A word to one member about something that concerns them.
create table crm.notifications (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  kind text not null check (kind in (
    'mentioned', 'assigned', 'questions_ready', 'questions_failed',
    'import_checked', 'import_done', 'import_undone', 'import_failed')),
  lead_id uuid,
  -- The note, the import, or the operation that gave the leads.
  subject_id uuid,
  -- How many leads or questions.
  count int check (count >= 0),
  actor_id uuid,
  created_at timestamptz not null default now(),
  read_at timestamptz,
  primary key (tenant_id, id),
  constraint notifications_user_fkey foreign key (tenant_id, user_id) references crm.memberships (tenant_id, user_id),
  constraint notifications_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint notifications_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id)
);
create index notifications_user_idx on crm.notifications (tenant_id, user_id, id desc);
create index notifications_unread_idx on crm.notifications (tenant_id, user_id) where read_at is null;
create index notifications_lead_idx on crm.notifications (tenant_id, lead_id) where lead_id is not null;
create index notifications_actor_idx on crm.notifications (tenant_id, actor_id) where actor_id is not null;
call app.fence('crm.notifications');
-- Everybody may send one; each reads only their own.
create policy mine on crm.notifications as restrictive for select to closerflow_web
  using (user_id = (select app.actor()));
create policy mine_to_read on crm.notifications as restrictive for update to closerflow_web
  using (user_id = (select app.actor()));
grant select, insert (tenant_id, id, user_id, kind, lead_id, subject_id, count, actor_id) on crm.notifications
  to closerflow_web, closerflow_worker;
grant update (read_at) on crm.notifications to closerflow_web;
create function app.keep_notification() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.actor_id := app.actor();
  return new;
end $$;
create trigger keep before insert on crm.notifications for each row execute function app.keep_notification();

-- migrate:down
drop table crm.notifications, crm.messages, crm.threads, crm.operation_changes, crm.operations;
drop function app.keep_notification(), app.plain(jsonb);
drop function app.sweep_jobs(), app.renew_jobs(text, uuid[], bigint[], interval),
  app.settle_job(uuid, uuid, bigint, text, int, int, text, boolean), app.enter_job(uuid, uuid, bigint),
  app.claim_job(text[], text, interval);
create or replace function app.actor() returns uuid
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
create or replace function app.tenant() returns uuid
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
       and d.lease_token = nullif(split_part(ticket, '/', 3), '')::bigint
       and (d.state in ('leased', 'committing', 'uncertain') or d.xmin = pg_current_xact_id_if_assigned()::xid);
  else
    resolved := nullif(current_setting('app.tenant', true), '')::uuid;
  end if;
  return resolved;
end $$;
drop table crm.jobs;
drop function app.keep_job();
