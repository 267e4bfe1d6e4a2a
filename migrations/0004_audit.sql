-- migrate:up
-- Who did what, and the facts that leave by the outbox.

-- Who did what to which subject.
create table crm.audit_log (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  -- Null for the system itself; actor_kind says which part.
  actor_id uuid,
  actor_kind text not null default 'operator' check (actor_kind in ('member', 'worker', 'operator')),
  action text not null,
  subject_type text not null,
  subject_id uuid not null,
  field text,
  old text,
  new text,
  request_id text,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint audit_log_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint audit_log_member check ((actor_kind = 'member') = (actor_id is not null))
);
create index audit_log_subject_idx on crm.audit_log (tenant_id, subject_id, id desc);
create index audit_log_actor_idx on crm.audit_log (tenant_id, actor_id, id desc);
call app.fence('crm.audit_log');
call app.make_append_only('crm.audit_log');
grant select, insert on crm.audit_log to closerflow_web, closerflow_worker;

-- The outbox's facts: what happened, once, in order, for ever.
create table crm.outbox_events (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  aggregate_type text not null check (aggregate_type in ('tenant', 'lead')),
  aggregate_id uuid not null,
  aggregate_seq bigint not null check (aggregate_seq > 0),
  type text not null check (type ~ '^[A-Z][A-Za-z]+$'),
  version smallint not null default 1 check (version > 0),
  -- Ids and hashes, never message text: personal data stays where it can be erased.
  payload jsonb not null,
  -- tenant:Type.vN:subject…; the same fact told twice is one row.
  dedupe_key text not null,
  occurred_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint outbox_events_dedupe_key unique (tenant_id, dedupe_key),
  constraint outbox_events_order_key unique (tenant_id, aggregate_type, aggregate_id, aggregate_seq),
  constraint outbox_events_dedupe_prefix check (starts_with(dedupe_key, tenant_id::text || ':'))
);
call app.fence('crm.outbox_events');
call app.make_append_only('crm.outbox_events');
grant select on crm.outbox_events to closerflow_web, closerflow_worker;

-- The runner's book of functions is history as well.
call app.make_append_only('public.schema_functions');

-- migrate:down
drop trigger no_truncate on public.schema_functions;
drop trigger immutable on public.schema_functions;
drop table crm.outbox_events;
drop table crm.audit_log;
