-- migrate:up
-- Whether something may be sent, and to whom never.

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

-- What the record page shows and keeps: who may not be contacted at all, and notes.
-- Addresses and numbers that nobody in the tenant contacts, whichever lead they stand at. An entry is
-- never changed; it is removed with a reason, and the next one is another row.
create table crm.dnc_entries (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  kind text not null check (kind in ('email', 'phone')),
  address text not null,
  reason text not null check (length(reason) between 1 and 500),
  source text not null check (source in ('member', 'import', 'inbound', 'unsubscribe')),
  created_by uuid,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  removed_by uuid,
  removed_reason text check (length(removed_reason) between 1 and 500),
  primary key (tenant_id, id),
  constraint dnc_entries_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint dnc_entries_removed_by_fkey foreign key (tenant_id, removed_by)
    references crm.memberships (tenant_id, user_id),
  -- In the one spelling that contacts and recipients have: `a@b.example`, `+33612345678`.
  constraint dnc_entries_spelling check (
    case kind when 'email' then pg_input_is_valid(address, 'app.email') else pg_input_is_valid(address, 'app.phone') end),
  constraint dnc_entries_removed_why check (
    (removed_at is null) = (removed_reason is null) and (removed_by is null or removed_at is not null))
);
create unique index dnc_entries_live_key on crm.dnc_entries (tenant_id, address) where removed_at is null;
create index dnc_entries_created_by_idx on crm.dnc_entries (tenant_id, created_by) where created_by is not null;
create index dnc_entries_removed_by_idx on crm.dnc_entries (tenant_id, removed_by) where removed_by is not null;
call app.fence('crm.dnc_entries');
grant select on crm.dnc_entries to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, kind, address, reason, source) on crm.dnc_entries to closerflow_web;
grant update (removed_at, removed_reason) on crm.dnc_entries to closerflow_web;

-- migrate:down
drop table crm.dnc_entries;
drop table crm.policy_decisions;
