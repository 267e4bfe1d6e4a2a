-- migrate:up
-- What leaves the house, and each try.

-- Deliveries: approved bytes on their way out, each at most once.
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
              order_key, order_seq)
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

-- migrate:down
drop table crm.delivery_attempts;
drop table crm.deliveries;
