-- migrate:up
-- The axes of a lead beside its stage: outcome, contact status, take-over, tags, life, tier; and the
-- clients that won leads become. A change of an axis has its history row and its event, checked at
-- commit. The comments below allow locks on crm.leads: nothing was released before this.

-- What a won lead becomes. Several leads may belong to one client.
create table crm.clients (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  name text not null check (length(name) between 1 and 200),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint clients_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id)
);
-- One client of a name: two people winning at once find each other's.
create unique index clients_name_key on crm.clients (tenant_id, lower(name));
create index clients_created_by_idx on crm.clients (tenant_id, created_by);
call app.fence('crm.clients');
call app.keep_updated_at('crm.clients');
grant select on crm.clients to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, name, created_by), update (name) on crm.clients to closerflow_web;

-- Lower-case words of any script joined by - or _: at most 20, each once.
create function app.are_tags(tags text[]) returns boolean
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select cardinality(tags) <= 20
       and coalesce(array_ndims(tags), 1) = 1
       and cardinality(tags) = (
         select count(distinct t) from unnest(tags) t
          where length(t) <= 40 and t = lower(t) and t ~ '^[[:alnum:]]+([_-][[:alnum:]]+)*$');
  end;
grant execute on function app.are_tags(text[]) to closerflow_web, closerflow_worker;

-- lint:allow check: before the first release
-- lint:allow foreign-key: before the first release
-- lint:allow volatile-default: before the first release
alter table crm.leads
  add column outcome text not null default 'open',
  add column outcome_since timestamptz not null default now(),
  add column contact_status text not null default 'new',
  add column paused_at timestamptz,
  add column paused_by uuid,
  add column paused_reason text,
  add column tags text[] not null default '{}',
  add column archived_at timestamptz,
  add column deleted_at timestamptz,
  add column is_test boolean not null default false,
  -- Null until something has scored it.
  add column score smallint,
  add column priority_tier text generated always as (
    case when score >= 70 then 'hot' when score >= 40 then 'warm' when score >= 15 then 'cold'
         when score >= 0 then 'dormant' end) stored,
  add column language text,
  add column external_id text,
  add column expected_close_date date,
  add column last_activity_at timestamptz not null default now(),
  add column last_contact_at timestamptz,
  add column next_followup_at timestamptz,
  add column converted_at timestamptz,
  add column client_id uuid,
  add constraint leads_outcome_known check (outcome in ('open', 'won', 'lost', 'unqualified', 'on_ice')),
  add constraint leads_contact_status_known check (
    contact_status in ('new', 'contacted', 'engaged', 'qualified', 'nurturing', 'appointment')),
  add constraint leads_paused_why check (
    (paused_at is null) = (paused_reason is null) and (paused_at is null) = (paused_by is null)
    and length(paused_reason) between 1 and 500),
  add constraint leads_tags_clean check (app.are_tags(tags)),
  add constraint leads_score_range check (score between 0 and 100),
  add constraint leads_language_known check (language in ('en', 'fr')),
  add constraint leads_external_id_length check (length(external_id) between 1 and 200),
  add constraint leads_converted check (
    (outcome = 'won') = (converted_at is not null) and (outcome = 'won') = (client_id is not null)),
  add constraint leads_paused_by_fkey foreign key (tenant_id, paused_by)
    references crm.memberships (tenant_id, user_id),
  add constraint leads_client_fkey foreign key (tenant_id, client_id)
    references crm.clients (tenant_id, id);

-- lint:allow index: before the first release
create index leads_outcome_idx on crm.leads (tenant_id, outcome, id desc) where deleted_at is null;
-- lint:allow index: before the first release
create index leads_contact_status_idx on crm.leads (tenant_id, contact_status, id desc) where deleted_at is null;
-- lint:allow index: before the first release
create index leads_tier_idx on crm.leads (tenant_id, priority_tier, id desc) where deleted_at is null;
-- lint:allow index: before the first release
create index leads_source_idx on crm.leads (tenant_id, source, id desc) where deleted_at is null;
-- lint:allow index: before the first release
create index leads_client_idx on crm.leads (tenant_id, client_id) where client_id is not null;
-- lint:allow index: before the first release
create index leads_paused_by_idx on crm.leads (tenant_id, paused_by) where paused_by is not null;
-- lint:allow index: before the first release
create index leads_live_idx on crm.leads (tenant_id, id desc) where archived_at is null and deleted_at is null;

grant insert (is_test, tags, language, external_id, expected_close_date) on crm.leads to closerflow_web;
grant update (outcome, contact_status, paused_at, paused_by, paused_reason, tags, archived_at, deleted_at,
              is_test, language, expected_close_date, next_followup_at, converted_at, client_id)
  on crm.leads to closerflow_web;

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

-- lint:allow drop: the wider one follows
-- lint:allow check: before the first release
alter table crm.lead_status_history
  drop constraint lead_status_history_axis_check,
  add constraint lead_status_history_axis_known check (axis in ('contact_status', 'paused', 'suppressed'));

-- A lead's clocks and its edit counter are the database's.
create or replace function app.keep_lead() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.stage := 'new';
    new.outcome := 'open';
    new.contact_status := 'new';
    new.created_by := app.actor();
    return new;
  end if;
  if new.stage <> old.stage then new.stage_since := now(); end if;
  if new.outcome <> old.outcome then
    new.outcome_since := now();
    new.converted_at := case when new.outcome = 'won' then now() end;
    if new.outcome <> 'won' then new.client_id := null; end if;
  end if;
  if new.event_seq = old.event_seq then
    new.revision := old.revision + 1;
  else
    new.last_activity_at := now();
  end if;
  return new;
end $$;

-- What is put away or gone is in no list.
create or replace function app.search_leads(p_pattern text, p_stage text, p_before uuid, p_limit int)
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
       and l.archived_at is null and l.deleted_at is null
       and (p_stage is null or l.stage = p_stage)
       and (p_before is null or l.id < p_before)
     order by l.id desc
     limit least(p_limit, 101);
end $$;

-- An axis never changes without its history row and an event: checked when the transaction commits.
create function app.check_axes_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  missing text;
begin
  select string_agg(axis, ', ') into missing from (values
    ('outcome', new.outcome <> old.outcome and not exists (
      select from crm.lead_outcome_history h
       where h.tenant_id = new.tenant_id and h.lead_id = new.id and h.txid = pg_current_xact_id()
         and h.from_outcome = old.outcome and h.to_outcome = new.outcome)),
    ('contact_status', new.contact_status <> old.contact_status and not app.is_status_recorded(
      new.tenant_id, new.id, 'contact_status', old.contact_status, new.contact_status)),
    ('paused', (new.paused_at is null) <> (old.paused_at is null) and not app.is_status_recorded(
      new.tenant_id, new.id, 'paused', app.yes_no(old.paused_at), app.yes_no(new.paused_at))),
    ('suppressed', (new.suppressed_at is null) <> (old.suppressed_at is null) and not app.is_status_recorded(
      new.tenant_id, new.id, 'suppressed', app.yes_no(old.suppressed_at), app.yes_no(new.suppressed_at))),
    ('event', not exists (
      select from crm.outbox_events e
       where e.tenant_id = new.tenant_id and e.aggregate_type = 'lead' and e.aggregate_id = new.id
         and e.txid = pg_current_xact_id()))
  ) as axes (axis, is_missing) where is_missing;
  if missing is not null then
    raise exception 'lead % changed without a record of: %', new.id, missing
      using errcode = 'CF003', constraint = 'leads_axes_recorded';
  end if;
  return null;
end $$;

create function app.yes_no(p_at timestamptz) returns text
  language sql immutable parallel safe
  return case when p_at is null then 'no' else 'yes' end;

create function app.is_status_recorded(p_tenant uuid, p_lead uuid, p_axis text, p_from text, p_to text)
  returns boolean
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.lead_status_history h
                    where h.tenant_id = p_tenant and h.lead_id = p_lead and h.txid = pg_current_xact_id()
                      and h.axis = p_axis and h.from_value = p_from and h.to_value = p_to);
  end;

create constraint trigger axes_recorded
  after update of outcome, contact_status, paused_at, suppressed_at, tags, archived_at, deleted_at, is_test on crm.leads
  deferrable initially deferred for each row
  when ((old.outcome, old.contact_status, old.paused_at, old.suppressed_at, old.tags, old.archived_at,
         old.deleted_at, old.is_test)
        is distinct from
        (new.outcome, new.contact_status, new.paused_at, new.suppressed_at, new.tags, new.archived_at,
         new.deleted_at, new.is_test))
  execute function app.check_axes_recorded();

-- migrate:down
drop trigger axes_recorded on crm.leads;
drop function app.check_axes_recorded(), app.is_status_recorded(uuid, uuid, text, text, text), app.yes_no(timestamptz);
create or replace function app.keep_lead() returns trigger
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
create or replace function app.search_leads(p_pattern text, p_stage text, p_before uuid, p_limit int)
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
drop table crm.lead_outcome_history;
alter table crm.lead_status_history
  drop constraint lead_status_history_axis_known,
  add constraint lead_status_history_axis_check check (axis in ('suppressed'));
alter table crm.leads
  drop column outcome, drop column outcome_since, drop column contact_status, drop column paused_at,
  drop column paused_by, drop column paused_reason, drop column tags, drop column archived_at,
  drop column deleted_at, drop column is_test, drop column priority_tier, drop column score, drop column language,
  drop column external_id, drop column expected_close_date, drop column last_activity_at,
  drop column last_contact_at, drop column next_followup_at, drop column converted_at, drop column client_id;
drop function app.are_tags(text[]);
drop table crm.clients;
