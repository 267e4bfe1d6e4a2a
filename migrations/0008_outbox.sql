-- migrate:up
-- Deliveries: approved bytes on their way out, each at most once. Creates only.
--
-- States: ready → leased → committing → sent. A lease that ends before the mark goes back to ready;
-- one that ends after it is uncertain and waits for a person. blocked: the policy said no. dead: the
-- other side said no for good. See docs/decisions/0007-point-of-no-return.md.

create table crm.deliveries (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  event_id uuid not null,
  kind text not null check (kind in ('draft')),
  channel text not null check (channel in ('email')),
  endpoint text not null,
  draft_id uuid not null,
  approval_id uuid not null,
  content_sha256 bytea not null,
  decision text not null generated always as ('approved') stored,
  -- Our Message-ID: the same on every try.
  message_id text not null,
  -- Deliveries of one document leave in the order of its versions.
  order_key uuid not null,
  order_seq int not null,
  state text not null default 'ready' check (state in
    ('ready', 'leased', 'committing', 'sent', 'uncertain', 'blocked', 'dead', 'cancelled')),
  attempts int not null default 0,
  max_attempts int not null default 12,
  run_at timestamptz not null default now(),
  lease_token bigint not null default 0,
  lease_owner text,
  lease_until timestamptz,
  last_error text check (length(last_error) <= 500),
  external_message_id text,
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint deliveries_event_fkey foreign key (tenant_id, event_id) references crm.outbox_events (tenant_id, id),
  constraint deliveries_draft_fkey foreign key (tenant_id, draft_id) references crm.drafts (tenant_id, id),
  -- Nothing leaves unapproved: only an approval of exactly this draft and these bytes can be named.
  constraint deliveries_approval_fkey foreign key (tenant_id, approval_id, draft_id, content_sha256, decision)
    references crm.approvals (tenant_id, id, draft_id, content_sha256, decision),
  constraint deliveries_once_key unique (tenant_id, event_id, channel, endpoint),
  constraint deliveries_leased check ((state in ('leased', 'committing')) = (lease_until is not null)),
  constraint deliveries_sent check ((state = 'sent') = (external_message_id is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- One approval, one mail.
create unique index deliveries_one_mail_key on crm.deliveries (tenant_id, approval_id) where channel = 'email';
create index deliveries_claim_idx on crm.deliveries (tenant_id, run_at, id) where state = 'ready';
create index deliveries_order_idx on crm.deliveries (tenant_id, order_key, order_seq) where state not in ('sent', 'cancelled');
create index deliveries_lease_idx on crm.deliveries (lease_until) where state in ('leased', 'committing');
create index deliveries_attention_idx on crm.deliveries (tenant_id, id desc) where state in ('uncertain', 'blocked', 'dead');
create index deliveries_state_idx on crm.deliveries (tenant_id, state, id desc);
create index deliveries_draft_idx on crm.deliveries (tenant_id, draft_id);
call app.fence('crm.deliveries');
call app.keep_updated_at('crm.deliveries');
grant select on crm.deliveries to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, event_id, kind, channel, endpoint, draft_id, approval_id, content_sha256,
              message_id, order_key, order_seq)
  on crm.deliveries to closerflow_web;

create table crm.delivery_attempts (
  tenant_id uuid not null,
  id uuid not null,
  delivery_id uuid not null,
  lease_token bigint not null,
  phase text not null check (phase in
    ('committing', 'sent', 'refused', 'dead', 'not_sent', 'blocked', 'uncertain', 'lease_ended', 'resolved',
     'retried', 'cancelled')),
  detail text check (length(detail) <= 500),
  actor_id uuid,
  created_at timestamptz not null default clock_timestamp(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint delivery_attempts_delivery_fkey foreign key (tenant_id, delivery_id) references crm.deliveries (tenant_id, id),
  constraint delivery_attempts_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id)
);
create index delivery_attempts_delivery_idx on crm.delivery_attempts (tenant_id, delivery_id, id desc);
create index delivery_attempts_actor_idx on crm.delivery_attempts (tenant_id, actor_id) where actor_id is not null;
call app.fence('crm.delivery_attempts');
call app.make_append_only('crm.delivery_attempts');
grant select on crm.delivery_attempts to closerflow_web, closerflow_worker;

-- The stored answer to "may this go to this lead now?", with every rule that was asked.
create table crm.policy_decisions (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  delivery_id uuid not null,
  allow_send boolean not null,
  reason_code text not null,
  rule_trace jsonb not null,
  next_allowed_at timestamptz,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint policy_decisions_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint policy_decisions_delivery_fkey foreign key (tenant_id, delivery_id) references crm.deliveries (tenant_id, id)
);
create index policy_decisions_delivery_idx on crm.policy_decisions (tenant_id, delivery_id, id desc);
create index policy_decisions_lead_idx on crm.policy_decisions (tenant_id, lead_id, id desc);
call app.fence('crm.policy_decisions');
call app.make_append_only('crm.policy_decisions');
grant select on crm.policy_decisions to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, delivery_id, allow_send, reason_code, rule_trace, next_allowed_at)
  on crm.policy_decisions to closerflow_worker;

-- Approval, status, event, delivery, activity and audit commit together or not at all.
create function app.check_decision_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  wanted constant text := case new.decision when 'approved' then 'approved' when 'rejected' then 'rejected' else 'draft' end;
  missing text;
begin
  select case
    when d.status <> wanted then 'status'
    when new.decision = 'approved' and d.approval_id is distinct from new.id then 'approval'
    when not app.told_now(new.tenant_id,
           case new.decision when 'approved' then 'DraftApproved' when 'rejected' then 'DraftRejected' else 'ChangesRequested' end,
           case new.decision when 'changes_requested' then new.id else new.draft_id end::text) then 'event'
    when new.decision = 'approved' and d.type = 'followup_email' and not exists (
           select from crm.deliveries x where x.tenant_id = new.tenant_id and x.approval_id = new.id) then 'delivery'
    when not exists (select from crm.activities a where a.tenant_id = new.tenant_id and a.draft_id = new.draft_id
                       and a.txid = new.txid) then 'activity'
    when not exists (select from crm.audit_log l where l.tenant_id = new.tenant_id and l.subject_id = new.draft_id
                       and l.txid = new.txid) then 'audit'
    end into missing
    from crm.drafts d where d.tenant_id = new.tenant_id and d.id = new.draft_id;
  if missing is not null then
    raise exception 'a decision without its %', missing using errcode = 'CF003', constraint = 'approvals_recorded';
  end if;
  return null;
end $$;
create constraint trigger recorded after insert on crm.approvals
  deferrable initially deferred for each row execute function app.check_decision_recorded();

-- A delivery appears with its approval or not at all: no second thought adds one later.
create function app.keep_delivery() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.approvals a where a.tenant_id = new.tenant_id and a.id = new.approval_id
                   and a.txid = pg_current_xact_id()) then
    raise exception 'a delivery is made with its approval' using errcode = 'CF004', constraint = 'deliveries_with_approval';
  end if;
  return new;
end $$;
create trigger keep before insert on crm.deliveries for each row execute function app.keep_delivery();

-- ------------------------------------------------------------------ the worker's functions

-- Leases up to p_limit deliveries, fair over tenants, the oldest version of each document first.
-- Attempts are counted here, so that a delivery that kills its worker ends as well.
create function app.claim_deliveries(p_owner text, p_limit int, p_per_tenant int, p_lease interval)
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int)
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    with recursive waiting as (
      (select d.tenant_id from crm.deliveries d where d.state = 'ready' order by d.tenant_id limit 1)
      union all
      select (select d.tenant_id from crm.deliveries d
               where d.state = 'ready' and d.tenant_id > w.tenant_id order by d.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    ), picked as materialized (
      select x.tenant_id, x.id
        from (select w.tenant_id from waiting w where w.tenant_id is not null order by random()) t
       cross join lateral (
         select d.tenant_id, d.id from crm.deliveries d
          where d.tenant_id = t.tenant_id and d.state = 'ready' and d.run_at <= now()
            and not exists (
              select from crm.deliveries e
               where e.tenant_id = d.tenant_id and e.order_key = d.order_key and e.order_seq < d.order_seq
                 and e.state not in ('sent', 'cancelled'))
          order by d.run_at, d.id limit p_per_tenant for update of d skip locked) x
       limit p_limit
    )
    update crm.deliveries d
       set state = 'leased', attempts = d.attempts + 1, lease_token = d.lease_token + 1,
           lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
      from picked p
     where d.tenant_id = p.tenant_id and d.id = p.id and d.state = 'ready'
    returning d.tenant_id, d.id, d.lease_token, d.attempts;
  end;

-- Enters the tenant of a delivery this worker holds; raises CF409 when the lease is gone.
create function app.enter_delivery(p_tenant uuid, p_id uuid, p_token bigint) returns uuid
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.deliveries d where d.tenant_id = p_tenant and d.id = p_id
                   and d.lease_token = p_token and d.state in ('leased', 'committing', 'uncertain')) then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform set_config('app.ticket', concat_ws('/', p_tenant, p_id, p_token), true);
  return p_tenant;
end $$;

create function sec.log_attempt(p_tenant uuid, p_delivery uuid, p_token bigint, p_phase text, p_detail text)
  returns void
  language sql
  set search_path = pg_catalog, pg_temp
  begin atomic
    insert into crm.delivery_attempts (tenant_id, id, delivery_id, lease_token, phase, detail, actor_id)
    values (p_tenant, gen_random_uuid(), p_delivery, p_token, p_phase, left(p_detail, 500), app.actor());
  end;

-- Keeps the leases of a worker that is alive; one that is gone loses them within p_lease.
create function app.renew_leases(p_owner text, p_lease interval) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.deliveries set lease_until = clock_timestamp() + p_lease
     where state in ('leased', 'committing') and lease_owner = p_owner and lease_until > clock_timestamp();
  end;

-- The point of no return, durable before the last byte leaves. Raises CF409 unless this worker
-- still holds the lease.
create function app.mark_committing(p_id uuid, p_token bigint) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.deliveries set state = 'committing'
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token and state = 'leased'
     and lease_until > clock_timestamp();
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, 'committing', null);
end $$;

-- When the last delivery of a draft is sent, so is the draft.
create function sec.settle_draft(p_tenant uuid, p_delivery uuid) returns void
  language sql
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.drafts d
       set status = 'sent', sent_via = x.channel, message_id = x.message_id,
           external_message_id = x.external_message_id, sent_at = now()
      from crm.deliveries x
     where x.tenant_id = p_tenant and x.id = p_delivery
       and d.tenant_id = p_tenant and d.id = x.draft_id and d.status = 'approved'
       and not exists (select from crm.deliveries o where o.tenant_id = p_tenant and o.draft_id = d.id
                         and o.state <> 'sent');
  end;

-- The other side has it. Fenced by the token; a late but true answer still settles a doubtful row.
create function app.complete_delivery(p_id uuid, p_token bigint, p_external text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.deliveries
     set state = 'sent', external_message_id = p_external, lease_until = null, last_error = null,
         finished_at = clock_timestamp()
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token and state in ('committing', 'uncertain');
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, 'sent', p_external);
  perform sec.settle_draft(app.tenant(), p_id);
end $$;

-- It did not arrive, for certain. p_phase: refused or not_sent (tried again, later each time), dead
-- or blocked (not tried again by the machine), uncertain (nobody knows). Returns the new state.
create function app.fail_delivery(p_id uuid, p_token bigint, p_phase text, p_error text) returns text
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  new_state text;
begin
  update crm.deliveries
     set state = case
           when p_phase in ('dead', 'blocked', 'uncertain') then p_phase
           when attempts >= max_attempts then 'dead' else 'ready' end,
         last_error = left(p_error, 500), lease_until = null,
         finished_at = case when p_phase = 'dead' or attempts >= max_attempts then clock_timestamp() end,
         -- 15 s doubling to 6 h; half of it at random, so that an outage is not followed by a stampede
         run_at = clock_timestamp() + least(21600, 15 * 2 ^ least(attempts - 1, 12)) * (0.5 + random() / 2) * interval '1 second'
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token
     and (state = 'leased' and p_phase <> 'uncertain' or state = 'committing' and p_phase <> 'blocked')
  returning state into new_state;
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, p_phase, p_error);
  return new_state;
end $$;

-- Deliveries whose worker is gone.
create function app.ended_leases()
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int, is_marked boolean)
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select d.tenant_id, d.id, d.lease_token, d.attempts, d.state = 'committing' from crm.deliveries d
     where d.state in ('leased', 'committing') and d.lease_until < clock_timestamp()
     limit 500;
  end;

-- Ends one of these leases, as it was seen. Before the mark nothing left, so it is tried again;
-- after it nobody knows, so a person decides. Raises CF409 when somebody else was quicker.
create function app.end_lease(p_id uuid, p_token bigint, p_is_marked boolean) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  new_state text;
begin
  update crm.deliveries
     set state = case when p_is_marked then 'uncertain' when attempts >= max_attempts then 'dead' else 'ready' end,
         last_error = case when p_is_marked then 'The worker stopped while the mail was being handed over'
                           else 'The worker stopped before the mail left' end,
         lease_until = null
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token
     and state = case when p_is_marked then 'committing' else 'leased' end
     and lease_until < clock_timestamp()
  returning state into new_state;
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token,
                          case when new_state = 'uncertain' then 'uncertain' else 'lease_ended' end, null);
end $$;

grant execute on function
  app.claim_deliveries(text, int, int, interval), app.enter_delivery(uuid, uuid, bigint),
  app.renew_leases(text, interval), app.mark_committing(uuid, bigint), app.complete_delivery(uuid, bigint, text),
  app.fail_delivery(uuid, bigint, text, text), app.ended_leases(),
  app.end_lease(uuid, bigint, boolean)
  to closerflow_worker;

-- ------------------------------------------------------------------ what a person may do

-- A person says what became of a delivery that stands still: it arrived, send it again, or leave
-- it. Raises CF409 when the delivery has moved on since it was looked at.
create function app.resolve_delivery(p_id uuid, p_resolution text, p_comment text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  delivery crm.deliveries;
begin
  select * into delivery from crm.deliveries d where d.tenant_id = app.tenant() and d.id = p_id for update;
  if not found then
    raise exception 'no such delivery' using errcode = 'CF404';
  end if;
  if not (p_resolution = 'arrived' and delivery.state = 'uncertain'
          or p_resolution = 'send_again' and delivery.state in ('uncertain', 'blocked', 'dead')
          or p_resolution = 'cancel' and delivery.state in ('uncertain', 'blocked', 'dead', 'ready')) then
    raise exception 'the delivery has moved on' using errcode = 'CF409', constraint = 'deliveries_resolution';
  end if;
  update crm.deliveries
     set state = case p_resolution when 'arrived' then 'sent' when 'send_again' then 'ready' else 'cancelled' end,
         external_message_id = case p_resolution when 'arrived' then 'confirmed by a person' end,
         attempts = case p_resolution when 'send_again' then 0 else attempts end,
         run_at = now(), lease_token = lease_token + 1,
         finished_at = case p_resolution when 'send_again' then null else clock_timestamp() end
   where tenant_id = app.tenant() and id = p_id;
  perform sec.log_attempt(app.tenant(), p_id, delivery.lease_token,
    case p_resolution when 'arrived' then 'resolved' when 'send_again' then 'retried' else 'cancelled' end, p_comment);
  perform sec.settle_draft(app.tenant(), p_id);
end $$;
grant execute on function app.resolve_delivery(uuid, text, text) to closerflow_web;

-- For /metrics: counts over all tenants, no tenant's name.
create function app.outbox_gauge() returns table (state text, deliveries bigint, oldest_seconds float8)
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select d.state, count(*), extract(epoch from now() - min(d.run_at))::float8
      from crm.deliveries d where d.state not in ('sent', 'cancelled') group by d.state;
  end;
grant execute on function app.outbox_gauge() to closerflow_web, closerflow_worker;

-- migrate:down
drop function app.outbox_gauge(), app.resolve_delivery(uuid, text, text), app.end_lease(uuid, bigint, boolean), app.ended_leases(),
  app.fail_delivery(uuid, bigint, text, text), app.complete_delivery(uuid, bigint, text),
  sec.settle_draft(uuid, uuid), app.mark_committing(uuid, bigint), app.renew_leases(text, interval),
  sec.log_attempt(uuid, uuid, bigint, text, text), app.enter_delivery(uuid, uuid, bigint),
  app.claim_deliveries(text, int, int, interval);
drop trigger recorded on crm.approvals;
drop function app.check_decision_recorded();
drop table crm.policy_decisions, crm.delivery_attempts, crm.deliveries;
drop function app.keep_delivery();
