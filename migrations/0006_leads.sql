-- migrate:up
-- Leads and the clients they become, who stands at them, the histories of their axes, their timeline, and how they are
-- related.

-- What a won lead becomes. Several leads may belong to one client.
create table crm.clients (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  name_key text not null generated always as (app.name_key(name)) stored,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint clients_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id)
);
-- One client of a name: two people winning at once find each other's.
create unique index clients_name_key on crm.clients (tenant_id, name_key);
create index clients_created_by_idx on crm.clients (tenant_id, created_by);
call app.fence('crm.clients');
call app.keep_updated_at('crm.clients');
grant select on crm.clients to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, name, created_by), update (name) on crm.clients to closerflow_web;

-- A person or company that may buy. Newest first is the primary key backwards: ids are UUIDv7.
create table crm.leads (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  title text not null check (length(title) between 1 and 200),
  description text not null default '' check (length(description) <= 10000),
  company text check (length(company) between 1 and 200),
  source text check (length(source) between 1 and 100),
  source_key text generated always as (app.fold(source)) stored,
  external_id text constraint leads_external_id_length check (length(external_id) between 1 and 200),
  language text constraint leads_language_known check (language in ('en', 'fr')),
  estimated_value bigint check (estimated_value >= 0),   -- minor units of the tenant's currency
  expected_close_date date,
  tags text[] not null default '{}' constraint leads_tags_clean check (app.are_tags(tags)),
  owner_id uuid,

  -- The axes; a change of one has its history row and its event, checked at commit.
  stage text not null default 'new' check (stage in ('new', 'discovery', 'proposal', 'decision')),
  stage_since timestamptz not null default now(),
  outcome text not null default 'open'
    constraint leads_outcome_known check (outcome in ('open', 'won', 'lost', 'unqualified', 'on_ice')),
  outcome_since timestamptz not null default now(),
  converted_at timestamptz,
  client_id uuid,
  contact_status text not null default 'new' constraint leads_contact_status_known check (
    contact_status in ('new', 'contacted', 'engaged', 'qualified', 'nurturing', 'appointment')),
  paused_at timestamptz,
  paused_by uuid,
  paused_reason text,
  suppressed_at timestamptz,
  suppressed_by uuid,
  suppressed_reason text check (length(suppressed_reason) between 1 and 500),
  -- Null until something has scored it.
  score smallint constraint leads_score_range check (score between 0 and 100),
  priority_tier text generated always as (
    case when score >= 70 then 'hot' when score >= 40 then 'warm' when score >= 15 then 'cold'
         when score >= 0 then 'dormant' end) stored,
  archived_at timestamptz,
  deleted_at timestamptz,
  merged_into uuid,
  is_test boolean not null default false,

  last_activity_at timestamptz not null default now(),
  last_contact_at timestamptz,
  next_followup_at timestamptz,

  -- Copies of the primary contact, kept by trigger, for lists and search.
  contact_name text,
  contact_email text,
  contact_phone text,
  -- Names, addresses and numbers of its people besides the primary one, kept by trigger.
  people text,
  search text not null generated always as (
    app.fold(title || ' ' || coalesce(company, '') || ' ' || coalesce(contact_name, '') || ' '
             || coalesce(contact_email, '') || ' ' || coalesce(contact_phone, '') || ' ' || coalesce(people, ''))) stored,

  event_seq bigint not null default 0,
  revision int not null default 1,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint leads_owner_fkey foreign key (tenant_id, owner_id)
    references crm.memberships (tenant_id, user_id),
  constraint leads_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint leads_suppressed_by_fkey foreign key (tenant_id, suppressed_by)
    references crm.memberships (tenant_id, user_id),
  constraint leads_paused_by_fkey foreign key (tenant_id, paused_by)
    references crm.memberships (tenant_id, user_id),
  constraint leads_client_fkey foreign key (tenant_id, client_id)
    references crm.clients (tenant_id, id),
  constraint leads_merged_into_fkey foreign key (tenant_id, merged_into) references crm.leads (tenant_id, id),
  constraint leads_merged_is_gone check (merged_into is null or deleted_at is not null),
  constraint leads_suppressed_why check (
    (suppressed_at is null) = (suppressed_reason is null)
    and (suppressed_at is null) = (suppressed_by is null)),
  constraint leads_paused_why check (
    (paused_at is null) = (paused_reason is null) and (paused_at is null) = (paused_by is null)
    and length(paused_reason) between 1 and 500),
  constraint leads_converted check (
    (outcome = 'won') = (converted_at is not null) and (outcome = 'won') = (client_id is not null))
);
create index leads_stage_idx on crm.leads (tenant_id, stage, id desc);
create index leads_owner_idx on crm.leads (tenant_id, owner_id, id desc);
create index leads_created_by_idx on crm.leads (tenant_id, created_by);
create index leads_suppressed_by_idx on crm.leads (tenant_id, suppressed_by) where suppressed_by is not null;
create index leads_outcome_idx on crm.leads (tenant_id, outcome, id desc) where deleted_at is null;
create index leads_contact_status_idx on crm.leads (tenant_id, contact_status, id desc) where deleted_at is null;
create index leads_tier_idx on crm.leads (tenant_id, priority_tier, id desc) where deleted_at is null;
create index leads_client_idx on crm.leads (tenant_id, client_id) where client_id is not null;
create index leads_paused_by_idx on crm.leads (tenant_id, paused_by) where paused_by is not null;
create index leads_live_idx on crm.leads (tenant_id, id desc) where archived_at is null and deleted_at is null;
create index leads_tags_idx on crm.leads using gin (tenant_id extensions.uuid_ops, tags);
create index leads_search_idx on crm.leads
  using gin (tenant_id extensions.uuid_ops, search extensions.gin_trgm_ops);
create index leads_merged_into_idx on crm.leads (tenant_id, merged_into) where merged_into is not null;
-- Each order by time, and the lives that are few.
create index leads_created_idx on crm.leads (tenant_id, created_at);
create index leads_archived_idx on crm.leads (tenant_id, id desc) where archived_at is not null and deleted_at is null;
create index leads_deleted_idx on crm.leads (tenant_id, id desc) where deleted_at is not null;
create index leads_source_idx on crm.leads (tenant_id, source_key, id desc) where deleted_at is null;
create index leads_language_idx on crm.leads (tenant_id, language, id desc) where deleted_at is null;
create index leads_paused_idx on crm.leads (tenant_id, id desc) where paused_at is not null and deleted_at is null;
create index leads_suppressed_idx on crm.leads (tenant_id, id desc) where suppressed_at is not null and deleted_at is null;
create index leads_test_idx on crm.leads (tenant_id, id desc) where is_test and deleted_at is null;
create index leads_due_idx on crm.leads (tenant_id, next_followup_at)
  where next_followup_at is not null and archived_at is null and deleted_at is null;
create index leads_close_idx on crm.leads (tenant_id, expected_close_date)
  where expected_close_date is not null and archived_at is null and deleted_at is null;
-- The orders a list can have besides the newest first; the same expressions stand in sec.lead_order.
create index leads_by_title_idx on crm.leads (tenant_id, app.fold(title), id)
  where archived_at is null and deleted_at is null;
create index leads_by_company_idx on crm.leads (tenant_id, coalesce(app.fold(company), ''), id)
  where archived_at is null and deleted_at is null;
create index leads_by_value_idx on crm.leads (tenant_id, coalesce(estimated_value, -1), id)
  where archived_at is null and deleted_at is null;
create index leads_by_score_idx on crm.leads (tenant_id, coalesce(score, -1::smallint), id)
  where archived_at is null and deleted_at is null;
create index leads_by_activity_idx on crm.leads (tenant_id, last_activity_at, id)
  where archived_at is null and deleted_at is null;
-- What is due: today's list asks for the follow-ups of one person.
create index leads_followup_idx on crm.leads (tenant_id, owner_id, next_followup_at)
  where next_followup_at is not null and archived_at is null and deleted_at is null;
create index leads_external_id_idx on crm.leads (tenant_id, external_id)
  where external_id is not null and (deleted_at is null or merged_into is not null);
-- The board shows open, active leads by stage; its totals read no more than this index.
create index leads_board_idx on crm.leads (tenant_id, stage, id desc) include (estimated_value, owner_id, is_test)
  where outcome = 'open' and archived_at is null and deleted_at is null;
call app.fence('crm.leads');
call app.keep_updated_at('crm.leads');
grant select on crm.leads to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, title, description, company, source, external_id, language, estimated_value,
              expected_close_date, tags, owner_id, is_test, created_by),
  update (title, description, company, source, external_id, language, estimated_value, expected_close_date, tags,
          owner_id, stage, outcome, converted_at, client_id, contact_status, paused_at, paused_by, paused_reason,
          suppressed_at, suppressed_by, suppressed_reason, archived_at, deleted_at, merged_into, is_test,
          last_contact_at, next_followup_at)
  on crm.leads to closerflow_web;
create trigger log_insert after insert on crm.leads referencing new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_update after update on crm.leads referencing old table as old_rows new table as new_rows
  for each statement execute function app.log_operation();

-- Who stands at a lead.
create table crm.lead_contacts (
  tenant_id uuid not null,
  lead_id uuid not null,
  contact_id uuid not null,
  is_primary boolean not null default false,
  -- What a person is to a lead, in the words of whoever said so: decision maker, user, pays.
  role text check (length(role) between 1 and 60),
  created_at timestamptz not null default now(),
  primary key (tenant_id, lead_id, contact_id),
  constraint lead_contacts_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_contacts_contact_fkey foreign key (tenant_id, contact_id) references crm.contacts (tenant_id, id)
);
create unique index lead_contacts_primary_key on crm.lead_contacts (tenant_id, lead_id) where is_primary;
create index lead_contacts_contact_idx on crm.lead_contacts (tenant_id, contact_id);
call app.fence('crm.lead_contacts');
grant select, insert on crm.lead_contacts to closerflow_web;
grant update (is_primary, role) on crm.lead_contacts to closerflow_web;
grant select on crm.lead_contacts to closerflow_worker;
create trigger log_insert after insert on crm.lead_contacts referencing new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_update after update on crm.lead_contacts referencing old table as old_rows new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_delete after delete on crm.lead_contacts referencing old table as old_rows
  for each statement execute function app.log_operation();

-- Every stage a lead has been in; from_stage is null where it was made.
create table crm.lead_stage_history (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  from_stage text check (from_stage in ('new', 'discovery', 'proposal', 'decision')),
  to_stage text not null check (to_stage in ('new', 'discovery', 'proposal', 'decision')),
  reason text check (length(reason) between 1 and 500),
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint lead_stage_history_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_stage_history_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint lead_stage_history_moves check (from_stage is distinct from to_stage),
  constraint lead_stage_history_back_needs_reason check (
    from_stage is null or reason is not null
    or array_position(array['new', 'discovery', 'proposal', 'decision'], to_stage)
       > array_position(array['new', 'discovery', 'proposal', 'decision'], from_stage))
);
create index lead_stage_history_lead_idx on crm.lead_stage_history (tenant_id, lead_id, id desc);
create index lead_stage_history_actor_idx on crm.lead_stage_history (tenant_id, actor_id);
call app.fence('crm.lead_stage_history');
call app.make_append_only('crm.lead_stage_history');
grant select, insert on crm.lead_stage_history to closerflow_web;
grant select on crm.lead_stage_history to closerflow_worker;
create trigger stamp before insert on crm.lead_stage_history for each row execute function app.stamp_actor();

-- Changes of where outreach stands and of the two flags.
create table crm.lead_status_history (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  axis text not null
    constraint lead_status_history_axis_known check (axis in ('contact_status', 'paused', 'suppressed')),
  from_value text not null,
  to_value text not null,
  triggered_by text not null check (triggered_by in ('user', 'rule', 'ai', 'inbound', 'import', 'sequence')),
  reason text check (length(reason) between 1 and 500),
  -- What a rule does, nobody does.
  actor_id uuid,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint lead_status_history_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_status_history_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint lead_status_history_moves check (from_value <> to_value),
  constraint lead_status_history_who check (actor_id is not null or triggered_by = 'rule')
);
create index lead_status_history_lead_idx on crm.lead_status_history (tenant_id, lead_id, id desc);
create index lead_status_history_actor_idx on crm.lead_status_history (tenant_id, actor_id);
call app.fence('crm.lead_status_history');
call app.make_append_only('crm.lead_status_history');
grant select, insert on crm.lead_status_history to closerflow_web;
grant select on crm.lead_status_history to closerflow_worker;
create trigger stamp before insert on crm.lead_status_history for each row execute function app.stamp_actor();

-- Every outcome a lead has had, with what it was worth and how many days it had been open.
create table crm.lead_outcome_history (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  from_outcome text not null check (from_outcome in ('open', 'won', 'lost', 'unqualified', 'on_ice')),
  to_outcome text not null check (to_outcome in ('open', 'won', 'lost', 'unqualified', 'on_ice')),
  reason text check (length(reason) between 1 and 500),
  value bigint check (value >= 0),
  days int not null check (days >= 0),
  client_id uuid,
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint lead_outcome_history_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_outcome_history_client_fkey foreign key (tenant_id, client_id) references crm.clients (tenant_id, id),
  constraint lead_outcome_history_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint lead_outcome_history_moves check (from_outcome <> to_outcome),
  -- Losing, giving up and taking a win back are explained.
  constraint lead_outcome_history_why check (
    reason is not null or from_outcome <> 'won' and to_outcome not in ('lost', 'unqualified'))
);
create index lead_outcome_history_lead_idx on crm.lead_outcome_history (tenant_id, lead_id, id desc);
create index lead_outcome_history_client_idx on crm.lead_outcome_history (tenant_id, client_id) where client_id is not null;
create index lead_outcome_history_actor_idx on crm.lead_outcome_history (tenant_id, actor_id);
call app.fence('crm.lead_outcome_history');
call app.make_append_only('crm.lead_outcome_history');
grant select, insert on crm.lead_outcome_history to closerflow_web;
grant select on crm.lead_outcome_history to closerflow_worker;
create trigger stamp before insert on crm.lead_outcome_history for each row execute function app.stamp_actor();

-- Every owner a lead has had, how they were chosen, and why; a null stands for nobody.
create table crm.lead_assignments (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  from_user uuid,
  to_user uuid,
  strategy text not null check (strategy in ('manual', 'round_robin', 'least_loaded', 'by_source')),
  reason text check (length(reason) between 1 and 500),
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint lead_assignments_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_assignments_from_fkey foreign key (tenant_id, from_user) references crm.memberships (tenant_id, user_id),
  constraint lead_assignments_to_fkey foreign key (tenant_id, to_user) references crm.memberships (tenant_id, user_id),
  constraint lead_assignments_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id),
  constraint lead_assignments_moves check (from_user is distinct from to_user)
);
create index lead_assignments_lead_idx on crm.lead_assignments (tenant_id, lead_id, id desc);
create index lead_assignments_from_idx on crm.lead_assignments (tenant_id, from_user);
create index lead_assignments_to_idx on crm.lead_assignments (tenant_id, to_user, id desc);
create index lead_assignments_actor_idx on crm.lead_assignments (tenant_id, actor_id);
create index lead_assignments_turn_idx on crm.lead_assignments (tenant_id, id desc) where strategy = 'round_robin';
call app.fence('crm.lead_assignments');
call app.make_append_only('crm.lead_assignments');
grant select, insert on crm.lead_assignments to closerflow_web;
grant select on crm.lead_assignments to closerflow_worker;
create trigger stamp before insert on crm.lead_assignments for each row execute function app.stamp_actor();
create trigger refuse_gone_member before insert on crm.lead_assignments
  for each row when (new.to_user is not null and current_user <> 'closerflow_owner')
  execute function app.refuse_gone_member('to_user', 'leads_owner_fkey');

-- The timeline: one stream of everything that happened around a lead.
create table crm.activities (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  draft_id uuid,
  kind text not null check (kind ~ '^[a-z]+(_[a-z]+)*$'),
  -- Null for the system: then it was the worker.
  actor_id uuid,
  data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint activities_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint activities_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id)
);
create index activities_lead_idx on crm.activities (tenant_id, lead_id, id desc);
create index activities_actor_idx on crm.activities (tenant_id, actor_id, id desc);
create index activities_draft_idx on crm.activities (tenant_id, draft_id, id desc) where draft_id is not null;
call app.fence('crm.activities');
call app.make_append_only('crm.activities');
grant select, insert on crm.activities to closerflow_web, closerflow_worker;
create trigger stamp before insert on crm.activities for each row execute function app.stamp_actor();

-- How two leads are related. In a referral the first referred the other; the rest go both ways. It is
-- never changed; what no longer holds is removed.
create table crm.lead_relationships (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  other_id uuid not null,
  kind text not null check (kind in ('referral', 'colleague', 'family', 'same_company')),
  note text check (length(note) between 1 and 500),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  removed_by uuid,
  primary key (tenant_id, id),
  constraint lead_relationships_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_relationships_other_fkey foreign key (tenant_id, other_id) references crm.leads (tenant_id, id),
  constraint lead_relationships_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint lead_relationships_removed_by_fkey foreign key (tenant_id, removed_by)
    references crm.memberships (tenant_id, user_id),
  constraint lead_relationships_two check (lead_id <> other_id),
  constraint lead_relationships_removed check ((removed_at is null) = (removed_by is null))
);
-- One of a kind between two leads, whichever of them it was noted at.
create unique index lead_relationships_live_key on crm.lead_relationships
  (tenant_id, least(lead_id, other_id), greatest(lead_id, other_id), kind) where removed_at is null;
create index lead_relationships_lead_idx on crm.lead_relationships (tenant_id, lead_id) where removed_at is null;
create index lead_relationships_other_idx on crm.lead_relationships (tenant_id, other_id) where removed_at is null;
create index lead_relationships_created_by_idx on crm.lead_relationships (tenant_id, created_by);
create index lead_relationships_removed_by_idx on crm.lead_relationships (tenant_id, removed_by)
  where removed_by is not null;
call app.fence('crm.lead_relationships');
grant select on crm.lead_relationships to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, other_id, kind, note, created_by), update (removed_at, removed_by)
  on crm.lead_relationships to closerflow_web;

-- migrate:down
drop table crm.lead_relationships;
drop table crm.activities;
drop table crm.lead_assignments;
drop table crm.lead_outcome_history;
drop table crm.lead_status_history;
drop table crm.lead_stage_history;
drop table crm.lead_contacts;
drop table crm.leads;
drop table crm.clients;
