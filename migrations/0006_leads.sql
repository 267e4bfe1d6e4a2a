-- migrate:up
-- Contacts, leads, their stages and their timeline. Creates only.

-- A person; may stand at several leads.
create table crm.contacts (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  first_name text check (length(first_name) between 1 and 100),
  last_name text check (length(last_name) between 1 and 100),
  email app.email,
  phone app.phone,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (tenant_id, id),
  constraint contacts_someone check (coalesce(first_name, last_name, email, phone) is not null)
);
create unique index contacts_email_key on crm.contacts (tenant_id, email) where deleted_at is null;
create unique index contacts_phone_key on crm.contacts (tenant_id, phone) where deleted_at is null;
call app.fence('crm.contacts');
call app.keep_updated_at('crm.contacts');
grant select on crm.contacts to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, first_name, last_name, email, phone) on crm.contacts to closerflow_web;
grant update (first_name, last_name, email, phone) on crm.contacts to closerflow_web;

-- A person or company that may buy. Newest first is the primary key backwards: ids are UUIDv7.
create table crm.leads (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  title text not null check (length(title) between 1 and 200),
  description text not null default '' check (length(description) <= 10000),
  company text check (length(company) between 1 and 200),
  source text check (length(source) between 1 and 100),
  owner_id uuid,
  stage text not null default 'new' check (stage in ('new', 'discovery', 'proposal', 'decision')),
  stage_since timestamptz not null default now(),
  estimated_value bigint check (estimated_value >= 0),   -- minor units of the tenant's currency
  -- Copies of the primary contact, kept by trigger, for lists and search.
  contact_name text,
  contact_email text,
  contact_phone text,
  suppressed_at timestamptz,
  suppressed_by uuid,
  suppressed_reason text check (length(suppressed_reason) between 1 and 500),
  event_seq bigint not null default 0,
  revision int not null default 1,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  search text not null generated always as (
    lower(title || ' ' || coalesce(company, '') || ' ' || coalesce(contact_name, '') || ' '
          || coalesce(contact_email, ''))) stored,
  primary key (tenant_id, id),
  constraint leads_owner_fkey foreign key (tenant_id, owner_id)
    references crm.memberships (tenant_id, user_id),
  constraint leads_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint leads_suppressed_by_fkey foreign key (tenant_id, suppressed_by)
    references crm.memberships (tenant_id, user_id),
  constraint leads_suppressed_why check (
    (suppressed_at is null) = (suppressed_reason is null)
    and (suppressed_at is null) = (suppressed_by is null))
);
create index leads_stage_idx on crm.leads (tenant_id, stage, id desc);
create index leads_owner_idx on crm.leads (tenant_id, owner_id, id desc);
create index leads_created_by_idx on crm.leads (tenant_id, created_by);
create index leads_suppressed_by_idx on crm.leads (tenant_id, suppressed_by) where suppressed_by is not null;
create index leads_search_idx on crm.leads
  using gin (tenant_id extensions.uuid_ops, search extensions.gin_trgm_ops);
call app.fence('crm.leads');
call app.keep_updated_at('crm.leads');
grant select on crm.leads to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, title, description, company, source, owner_id, estimated_value, created_by)
  on crm.leads to closerflow_web;
grant update (title, description, company, source, owner_id, stage, estimated_value, suppressed_at,
              suppressed_by, suppressed_reason)
  on crm.leads to closerflow_web;

create table crm.lead_contacts (
  tenant_id uuid not null,
  lead_id uuid not null,
  contact_id uuid not null,
  is_primary boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (tenant_id, lead_id, contact_id),
  constraint lead_contacts_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_contacts_contact_fkey foreign key (tenant_id, contact_id) references crm.contacts (tenant_id, id)
);
create unique index lead_contacts_primary_key on crm.lead_contacts (tenant_id, lead_id) where is_primary;
create index lead_contacts_contact_idx on crm.lead_contacts (tenant_id, contact_id);
call app.fence('crm.lead_contacts');
grant select, insert, delete on crm.lead_contacts to closerflow_web;
grant update (is_primary) on crm.lead_contacts to closerflow_web;
grant select on crm.lead_contacts to closerflow_worker;

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

-- Changes of where outreach stands and of the two flags.
create table crm.lead_status_history (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  axis text not null check (axis in ('suppressed')),
  from_value text not null,
  to_value text not null,
  triggered_by text not null check (triggered_by in ('user', 'rule', 'ai', 'inbound', 'import', 'sequence')),
  reason text check (length(reason) between 1 and 500),
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint lead_status_history_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_status_history_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint lead_status_history_moves check (from_value <> to_value)
);
create index lead_status_history_lead_idx on crm.lead_status_history (tenant_id, lead_id, id desc);
create index lead_status_history_actor_idx on crm.lead_status_history (tenant_id, actor_id);
call app.fence('crm.lead_status_history');
call app.make_append_only('crm.lead_status_history');
grant select, insert on crm.lead_status_history to closerflow_web;
grant select on crm.lead_status_history to closerflow_worker;

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
call app.fence('crm.activities');
call app.make_append_only('crm.activities');
grant select, insert on crm.activities to closerflow_web, closerflow_worker;

-- History and timeline rows say who really acted, and when.
create function app.stamp_actor() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.actor_id := app.actor();
  return new;
end $$;
create trigger stamp before insert on crm.lead_stage_history for each row execute function app.stamp_actor();
create trigger stamp before insert on crm.lead_status_history for each row execute function app.stamp_actor();
create trigger stamp before insert on crm.activities for each row execute function app.stamp_actor();

-- The copies on leads follow the primary contact.
create function app.copy_primary_contact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.leads l
     set contact_name = nullif(concat_ws(' ', c.first_name, c.last_name), ''),
         contact_email = c.email, contact_phone = c.phone
    from crm.lead_contacts lc
    join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
   where l.tenant_id = new.tenant_id and lc.tenant_id = new.tenant_id and lc.lead_id = l.id
     and lc.is_primary
     and case tg_table_name when 'contacts' then lc.contact_id = (to_jsonb(new) ->> 'id')::uuid
                            else lc.lead_id = (to_jsonb(new) ->> 'lead_id')::uuid end;
  return null;
end $$;
create trigger copy_to_leads after update of first_name, last_name, email, phone on crm.contacts
  for each row execute function app.copy_primary_contact();
create trigger copy_to_leads after insert or update of is_primary on crm.lead_contacts
  for each row when (new.is_primary) execute function app.copy_primary_contact();

-- A lead's clock and its edit counter are the database's.
create function app.keep_lead() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.stage := 'new';
    new.created_by := app.actor();
  elsif new.stage <> old.stage then
    new.stage_since := now();
  end if;
  if tg_op = 'UPDATE' and new.event_seq = old.event_seq then
    new.revision := old.revision + 1;
  end if;
  return new;
end $$;
create trigger keep before insert or update on crm.leads for each row execute function app.keep_lead();

-- A stage is never without its history row and its event: checked when the transaction commits.
create function app.check_stage_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  step crm.lead_stage_history;
begin
  select * into step from crm.lead_stage_history h
   where h.tenant_id = new.tenant_id and h.lead_id = new.id and h.txid = pg_current_xact_id()
     and h.to_stage = new.stage
     and h.from_stage is not distinct from case tg_op when 'UPDATE' then old.stage end
   limit 1;
  if not found then
    raise exception 'stage of lead % changed without its history', new.id
      using errcode = 'CF003', constraint = 'leads_stage_recorded';
  end if;
  if not app.told_now(new.tenant_id, case tg_op when 'INSERT' then 'LeadCreated' else 'StageChanged' end,
                      case tg_op when 'INSERT' then new.id else step.id end::text) then
    raise exception 'stage of lead % changed without its event', new.id
      using errcode = 'CF003', constraint = 'leads_stage_told';
  end if;
  return null;
end $$;
create constraint trigger stage_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row execute function app.check_stage_recorded();
create constraint trigger stage_recorded after update of stage on crm.leads
  deferrable initially deferred for each row when (old.stage <> new.stage)
  execute function app.check_stage_recorded();

-- Free text is matched by operators that are not leakproof, which row security would keep from
-- using an index; so this one function steps outside it and names the tenant itself.
create function app.search_leads(p_pattern text, p_stage text, p_before uuid, p_limit int)
  returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  -- What a pattern finds differs by thousands; a plan for all of them would be wrong for most.
  set plan_cache_mode = force_custom_plan
  rows 50
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  return query
    select l.id from crm.leads l
     where l.tenant_id = this_tenant
       and l.search like p_pattern
       and (p_stage is null or l.stage = p_stage)
       and (p_before is null or l.id < p_before)
     order by l.id desc
     limit least(p_limit, 101);
end $$;
grant execute on function app.search_leads(text, text, uuid, int) to closerflow_web;

-- migrate:down
drop function app.search_leads(text, text, uuid, int);
drop table crm.activities, crm.lead_status_history, crm.lead_stage_history, crm.lead_contacts, crm.leads, crm.contacts;
drop function app.check_stage_recorded(), app.keep_lead(), app.copy_primary_contact(), app.stamp_actor();
