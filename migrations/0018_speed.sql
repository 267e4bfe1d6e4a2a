-- migrate:up
-- Faster imports and lists: new leads are written by two connections at once, and a list is found and counted
-- in one.

-- ------------------------------------------------------------------ imports

-- The imports of a tenant take turns: what one writes, the next one must find.
-- Where two are leased the later one waits; its worker finds the lease gone.
-- lint:allow backfill: a few rows are leased at any time
update crm.jobs j set state = 'ready', lease_until = null
 where j.kind = 'import' and j.state = 'leased' and exists (
   select from crm.jobs o where o.tenant_id = j.tenant_id and o.kind = 'import' and o.state = 'leased' and o.id < j.id);
-- lint:allow index: a few rows are leased at any time
create unique index jobs_one_import_key on crm.jobs (tenant_id) where kind = 'import' and state = 'leased';

create or replace function app.claim_job(p_kinds text[], p_owner text, p_lease interval)
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int, kind text, subject_id uuid, params jsonb)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
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
            and not (j.kind = 'import' and exists (
              select from crm.jobs o where o.tenant_id = j.tenant_id and o.kind = 'import' and o.state = 'leased'))
          order by j.run_at, j.id limit 1 for update of j skip locked) x
       limit 1
    )
    update crm.jobs j
       set state = 'leased', attempts = j.attempts + 1, lease_token = j.lease_token + 1,
           lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
      from picked p
     where j.tenant_id = p.tenant_id and j.id = p.id and j.state = 'ready'
    returning j.tenant_id, j.id, j.lease_token, j.attempts, j.kind, j.subject_id, j.params;
exception when unique_violation then
  -- Another worker took the tenant's other import at this very moment.
  return;
end $$;

-- Tells the planner of a tenant whose rows it takes for a few: it would go through all of them for each line,
-- one index of the tenant's being as good as another. A large table is analysed by itself only after a tenth
-- of it has changed. Whoever comes while another does it, or soon after, goes on without.
create or replace function sec.size_import_tables() returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '100ms'
as $$
declare
  small text;
  plan json;
  expected bigint;
  is_wrong boolean;
begin
  foreach small in array array['crm.leads', 'crm.contacts', 'crm.lead_contacts', 'crm.lead_import_rows'] loop
    execute format('explain (format json) select from %s x where x.tenant_id = %L', small, app.tenant()) into plan;
    expected := (plan #>> '{0,Plan,Plan Rows}')::bigint;
    continue when expected > 2000 or greatest(
      pg_stat_get_last_analyze_time(small::regclass), pg_stat_get_last_autoanalyze_time(small::regclass))
      > clock_timestamp() - least(20, 1 + expected / 100) * interval '1 second';
    execute format('select exists (select from %s x where x.tenant_id = %L offset %s)', small, app.tenant(), 5 * expected + 50)
      into is_wrong;
    continue when not is_wrong or not pg_try_advisory_xact_lock(hashtextextended('analyze:' || small, 0));
    begin
      execute 'analyze ' || small;
    exception when lock_not_available then
      null;  -- Somebody tends the table.
    end;
  end loop;
end $$;

-- As before, with name and company folded once a row: beside a few leads, which were read whole, they were folded for each of them.
create or replace function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
declare
  this_tenant constant uuid := app.tenant();
  chosen_mode text;
begin
  select i.mode into strict chosen_mode from crm.lead_imports i where i.tenant_id = this_tenant and i.id = p_import;
  perform sec.size_import_tables();
  -- Rows are written where they were read: a join by line would pair each with each while the planner takes
  -- a file it has not seen for one row.
  with asked as materialized (
    select r.ctid as place, r.line, r.known_id, r.external_id, app.fold(r.company) as company,
           app.fold(nullif(concat_ws(' ', r.first_name, r.last_name), '')) as name,
           coalesce(r.email, r.phone) is not null as has_address,
           coalesce(r.first_name, r.last_name, r.email, r.phone) is not null as has_person,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.email = r.email and c.deleted_at is null) as by_email,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.phone = r.phone and c.deleted_at is null) as by_phone
      from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.line between p_from and p_to
       and r.status in ('read', 'new', 'update')
  ), known as materialized (
    select a.*, coalesce(a.by_email, a.by_phone) as contact_id,
           coalesce(
             case when a.known_id is not null then
               (select l.id from crm.leads l
                 where l.tenant_id = this_tenant and l.deleted_at is null and l.id = (
                   select coalesce(g.merged_into, g.id) from crm.leads g
                    where g.tenant_id = this_tenant and g.id = a.known_id)) end,
             case when a.external_id is not null then
               (select l.id from crm.leads l
                 where l.tenant_id = this_tenant and l.deleted_at is null and l.id = (
                   select coalesce(g.merged_into, g.id) from crm.leads g
                    where g.tenant_id = this_tenant and g.external_id = a.external_id
                      and (g.deleted_at is null or g.merged_into is not null)
                    order by g.deleted_at is null desc, g.id desc limit 1)) end) as by_number,
           case when chosen_mode <> 'add' and coalesce(a.by_email, a.by_phone) is not null then
             (select l.id from crm.lead_contacts lc
               join crm.leads l on l.tenant_id = lc.tenant_id and l.id = lc.lead_id
              where lc.tenant_id = this_tenant and lc.contact_id = coalesce(a.by_email, a.by_phone)
                and l.deleted_at is null
              order by (l.outcome = 'open' and l.archived_at is null) desc, l.id desc limit 1) end as by_person
      from asked a
  ), ranked as materialized (
    -- Two lines that name one person by different means are one: the first counts.
    select k.*, row_number() over (partition by k.contact_id order by k.line) as nth,
           first_value(k.line) over (partition by k.contact_id order by k.line) as first_line,
           k.by_number is not null and k.contact_id is not null and (
             select lc.contact_id from crm.lead_contacts lc
              where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.contact_id = k.contact_id) is null as is_elsewhere,
           case when k.contact_id is null and k.by_number is null and k.name is not null and k.company is not null then
             (select l.id from crm.leads l
               where l.tenant_id = this_tenant and coalesce(app.fold(l.company), '') = k.company
                 and app.fold(l.contact_name) = k.name and l.archived_at is null and l.deleted_at is null
               order by l.id desc limit 1) end as by_name
      from known k
  ), judged as (
    select k.place, k.contact_id, coalesce(k.by_number, k.by_person, k.by_name) as lead_id,
           case
             when k.by_email <> k.by_phone or k.is_elsewhere or w.has_nobody then 'error'
             when k.contact_id is not null and k.nth > 1 then 'duplicate'
             when coalesce(k.by_number, k.by_person, k.by_name) is null then 'new'
             when chosen_mode in ('create', 'add') or coalesce(k.by_number, k.by_person) is null and k.has_address then 'duplicate'
             else 'update' end as status,
           case
             when k.by_email <> k.by_phone then array['two_people']
             when k.is_elsewhere then array['other_person']
             when w.has_nobody then array['no_person']
             when k.contact_id is not null and k.nth > 1 then array['same_line:' || k.first_line]
             when coalesce(k.by_number, k.by_person) is not null and chosen_mode in ('create', 'add') then array['known']
             when k.by_name is not null and (chosen_mode in ('create', 'add') or k.has_address) then array['similar']
             else '{}' end as reasons
      from ranked k
      -- A person is written over one who is known, never put at a lead that has nobody.
      cross join lateral (
        select chosen_mode in ('update', 'fill_blanks') and k.has_person and k.contact_id is null
               and k.by_number is not null and not exists (
                 select from crm.lead_contacts lc join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
                  where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.is_primary
                    and c.deleted_at is null) as has_nobody) w
  )
  update crm.lead_import_rows r
     set lead_id = j.lead_id, contact_id = j.contact_id, status = j.status, reasons = j.reasons
    from judged j
   where r.ctid = j.place
     -- Most stand as the dry run left them.
     and (r.status <> j.status or r.lead_id is distinct from j.lead_id or r.contact_id is distinct from j.contact_id);
end $$;

-- Ends the dry run: of new rows about one person who is known, or with one name at one company and nobody known, the first
-- counts, as it would beside a lead that is there. Then it counts what it found.
create or replace function app.finish_check(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set work_mem = '32MB'
  begin atomic
    with same as (
      select r.ctid as place, row_number() over same as nth, first_value(r.line) over same as first_line
        from crm.lead_import_rows r
       where r.tenant_id = app.tenant() and r.import_id = p_import and r.status = 'new'
         and (r.contact_id is not null or r.company is not null and coalesce(r.first_name, r.last_name) is not null)
      window same as (
        partition by r.contact_id,
          case when r.contact_id is null then app.fold(concat_ws(' ', r.first_name, r.last_name)) end,
          case when r.contact_id is null then app.fold(r.company) end
        order by r.line)
    )
    update crm.lead_import_rows r set status = 'duplicate', reasons = array['same_line:' || s.first_line]
      from same s where r.ctid = s.place and s.nth > 1;
    update crm.lead_imports i
       set state = 'checked', new_rows = c.new_rows, update_rows = c.update_rows,
           duplicate_rows = c.duplicate_rows, error_rows = c.error_rows
      from (select count(*) filter (where r.status = 'new') as new_rows,
                   count(*) filter (where r.status = 'update') as update_rows,
                   count(*) filter (where r.status = 'duplicate') as duplicate_rows,
                   count(*) filter (where r.status = 'error') as error_rows
              from crm.lead_import_rows r where r.tenant_id = app.tenant() and r.import_id = p_import) c
     where i.tenant_id = app.tenant() and i.id = p_import and i.state = 'checking';
  end;

-- The import, or raises where it is not being written. Several connections may write it: its state does not change
-- while its job is leased.
create function sec.import_being_written(p_import uuid) returns crm.lead_imports
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import crm.lead_imports;
begin
  select * into this_import from crm.lead_imports i where i.tenant_id = app.tenant() and i.id = p_import for key share;
  if not found or this_import.state <> 'committing' then
    raise exception 'the import is not committing' using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  return this_import;
end $$;

-- Writes the new leads of some lines as the form's intake does: the lead with its stage, its person, its event,
-- its place on the timeline and in the audit log, and marks their rows. (Workers of the release before call app.import_new_leads.)
create function app.write_import_leads(p_import uuid, p_from int, p_to int, out written int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_actor constant uuid := app.actor();
  this_import constant crm.lead_imports := sec.import_being_written(p_import);
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  -- Somebody may have captured one of them since the dry run.
  perform app.judge_import(p_import, p_from, p_to);

  perform set_config('app.copies', 'written', true);
  with batch as (
    update crm.lead_import_rows r
       set status = 'done', makes_lead = true, lead_id = app.uuid_at(now_ms, r.line - p_from),
           makes_contact = r.contact_id is null and coalesce(r.first_name, r.last_name, r.email, r.phone) is not null,
           contact_id = case when coalesce(r.contact_id::text, r.first_name, r.last_name, r.email, r.phone) is not null
                             then coalesce(r.contact_id, app.uuid_at(now_ms, r.line - p_from)) end
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'new' and r.line between p_from and p_to
    returning r.line as n, r.lead_id, r.contact_id, r.makes_contact, r.first_name, r.last_name, r.email, r.phone, r.title,
              r.description, r.company, r.source, r.owner_id, r.estimated_value, r.tags, r.external_id, r.language, r.message
  ), turns as materialized (
    select b.n, coalesce(b.source, this_import.source) as source, row_number() over (order by b.n) as turn
      from batch b where coalesce(b.owner_id, this_import.owner_id) is null
  ), chosen as materialized (
    select t.n, c.user_id, c.strategy, c.reason
      -- Nobody waits for turns that are not needed.
      from (select array_agg(t.source order by t.turn) as sources from turns t having count(*) > 0) a
     cross join lateral app.choose_owners(a.sources) c
      join turns t on t.turn = c.n
  ), owned as (
    -- Who is named in the file or on the page; else the tenant's strategy.
    select b.*, coalesce(b.owner_id, this_import.owner_id, c.user_id) as owner, coalesce(c.strategy, 'manual') as strategy,
           c.reason
      from batch b left join chosen c on c.n = b.n
  ), made_contacts as (
    insert into crm.contacts (tenant_id, id, first_name, last_name, email, phone)
    select this_tenant, b.contact_id, b.first_name, b.last_name, b.email, b.phone from batch b where b.makes_contact
  ), filled as (
    -- A person who is known keeps what was known of them; blanks are filled, and the ledger says which.
    update crm.contacts c
       set first_name = coalesce(c.first_name, b.first_name), last_name = coalesce(c.last_name, b.last_name),
           email = coalesce(c.email, b.email), phone = coalesce(c.phone, b.phone)
      from batch b
     where c.tenant_id = this_tenant and c.id = b.contact_id and not b.makes_contact
       and (c.first_name is null and b.first_name is not null or c.last_name is null and b.last_name is not null
            or c.email is null and b.email is not null or c.phone is null and b.phone is not null)
    returning c.id
  ), ledger as (
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, field, old, new)
    select this_tenant, this_import.operation_id, 'contact', c.id, f.field, null, to_jsonb(f.given)
      from batch b
      cross join lateral (
        select x.id, x.first_name, x.last_name, x.email, x.phone from crm.contacts x
         where not b.makes_contact and x.tenant_id = this_tenant and x.id = b.contact_id offset 0) c
      cross join lateral (values ('first_name', c.first_name, b.first_name), ('last_name', c.last_name, b.last_name),
                                 ('email', c.email::text, b.email), ('phone', c.phone::text, b.phone)) f (field, had, given)
     where f.had is null and f.given is not null
  ), made_leads as (
    insert into crm.leads (tenant_id, id, title, description, company, source, owner_id, estimated_value, tags,
                           external_id, language, created_by, contact_name, contact_email, contact_phone, event_seq)
    select this_tenant, b.lead_id, b.title, coalesce(b.description, ''), b.company, coalesce(b.source, this_import.source),
           b.owner, b.estimated_value, coalesce(b.tags, '{}'), b.external_id,
           b.language, this_actor,
           nullif(concat_ws(' ', coalesce(c.first_name, b.first_name), coalesce(c.last_name, b.last_name)), ''),
           coalesce(c.email, b.email), coalesce(c.phone, b.phone),
           1 + (b.owner is not null)::int + (b.message is not null)::int
      from owned b
      left join lateral (
        select x.first_name, x.last_name, x.email, x.phone from crm.contacts x
         where not b.makes_contact and x.tenant_id = this_tenant and x.id = b.contact_id offset 0) c on true
  ), links as (
    insert into crm.lead_contacts (tenant_id, lead_id, contact_id, is_primary)
    select this_tenant, b.lead_id, b.contact_id, true from batch b where b.contact_id is not null
  ), steps as (
    insert into crm.lead_stage_history (tenant_id, id, lead_id, to_stage, actor_id)
    select this_tenant, b.lead_id, b.lead_id, 'new', this_actor from batch b
  ), given as (
    insert into crm.lead_assignments (tenant_id, id, lead_id, to_user, strategy, reason, actor_id)
    select this_tenant, b.lead_id, b.lead_id, b.owner, b.strategy, b.reason, this_actor
      from owned b where b.owner is not null
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, b.lead_id, 'lead', b.lead_id, 1, 'LeadCreated', 1,
           jsonb_build_object('contact', b.contact_id, 'source', coalesce(b.source, this_import.source),
                              'operation', this_import.operation_id),
           this_tenant || ':LeadCreated.v1:' || b.lead_id
      from batch b
  ), given_told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - p_from), 'lead', b.lead_id, 2, 'LeadAssigned', 1,
           jsonb_build_object('from', null, 'to', b.owner, 'strategy', b.strategy, 'operation', this_import.operation_id),
           this_tenant || ':LeadAssigned.v1:' || b.lead_id
      from owned b where b.owner is not null
  ), given_shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - p_from), b.lead_id, 'lead_assigned', this_actor,
           jsonb_strip_nulls(jsonb_build_object('user', b.owner, 'strategy', b.strategy, 'reason', b.reason,
                                                'operation', this_import.operation_id))
      from owned b where b.owner is not null
  ), given_logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, new)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - p_from), this_actor, 'member', 'lead_assigned', 'lead', b.lead_id,
           'owner', b.owner
      from owned b where b.owner is not null
  ), threads as (
    -- What they wrote begins a conversation, as in the form's intake.
    insert into crm.threads (tenant_id, id, lead_id, channel, awaiting_reply)
    select this_tenant, b.lead_id, b.lead_id, 'form', true from batch b where b.message is not null
  ), messages as (
    insert into crm.messages (tenant_id, id, thread_id, role, content, actor_id)
    select this_tenant, b.lead_id, b.lead_id, 'lead', b.message, this_actor from batch b
     where b.message is not null
  ), heard as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, app.uuid_at(now_ms, 8192 + b.n - p_from), 'lead', b.lead_id, 2 + (b.owner is not null)::int,
           'MessageReceived', 1, jsonb_build_object('message', b.lead_id, 'operation', this_import.operation_id),
           this_tenant || ':MessageReceived.v1:' || b.lead_id
      from owned b where b.message is not null
  ), heard_on_timeline as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, app.uuid_at(now_ms, 8192 + b.n - p_from), b.lead_id, 'message_received', this_actor,
           jsonb_build_object('message', b.lead_id, 'operation', this_import.operation_id)
      from batch b where b.message is not null
  ), shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, b.lead_id, b.lead_id, 'lead_created', this_actor,
           jsonb_strip_nulls(jsonb_build_object('subject', coalesce(b.source, this_import.source),
                                                'operation', this_import.operation_id))
      from batch b
  ), logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id)
    select this_tenant, b.lead_id, this_actor, 'member', 'lead_created', 'lead', b.lead_id from batch b
  )
  select count(*) into written from batch;
  perform set_config('app.copies', '', true);
end $$;

-- Marks a row that cannot be written as an error that says why.
create function app.refuse_import_line(p_import uuid, p_line int, p_why text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_being_written(p_import);
begin
  update crm.lead_import_rows r
     set status = 'error', reasons = array['refused:' || p_why], lead_id = null, contact_id = null
   where r.tenant_id = this_import.tenant_id and r.import_id = p_import and r.line = p_line and r.status = 'new';
end $$;
grant execute on function app.write_import_leads(uuid, int, int), app.refuse_import_line(uuid, int, text)
  to closerflow_worker;

-- The same rules by expressions alone: as a query they cost each new lead twice what its row does.
create or replace function app.are_tags(tags text[]) returns boolean
  language plpgsql immutable parallel safe
as $$
declare
  tag text;
  seen text[] := '{}';
begin
  if cardinality(tags) > 20 or array_ndims(tags) > 1 then return false; end if;
  foreach tag in array coalesce(tags, '{}') loop
    if tag is null or length(tag) > 40 or tag <> lower(tag) or tag !~ '^[[:alnum:]]+([_-][[:alnum:]]+)*$'
       or tag = any (seen) then
      return false;
    end if;
    seen := seen || tag;
  end loop;
  return true;
end $$;

-- Nobody is given leads who has left, by a page opened before; what is taken back goes back to whom it was.
create function app.refuse_gone_member() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from crm.memberships m
              where m.tenant_id = new.tenant_id and m.user_id = (to_jsonb(new) ->> tg_argv[0])::uuid
                and m.disabled_at is not null) then
    raise exception 'no member any more' using errcode = 'foreign_key_violation', constraint = tg_argv[1];
  end if;
  return new;
end $$;
create trigger refuse_gone_member before insert on crm.lead_assignments
  for each row when (new.to_user is not null and current_user <> 'closerflow_owner')
  execute function app.refuse_gone_member('to_user', 'leads_owner_fkey');
create trigger refuse_gone_member before update of owner_id on crm.lead_imports
  for each row when (new.owner_id is not null)
  execute function app.refuse_gone_member('owner_id', 'lead_imports_owner_fkey');

-- ------------------------------------------------------------------ lists

-- As before, with a cap beside the limit: where counting on costs little, all leads up to the cap, else no fewer than the
-- limit where there are as many. Whether they are all that there are, up to the cap, it says too. Without the
-- walk, words and tags are looked up in their indexes at once.
create function sec.find_leads(
    p_tenant uuid, p_actor uuid, p_filter jsonb, p_sort text, p_after uuid, p_limit int, p_cap int, p_walks boolean,
    out ids uuid[], out are_all boolean)
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
as $$
declare
  -- How many leads are looked through before the index of words, or of tags, is asked: what 1 of 40, or of
  -- 10, leads has fills a page from them, and what is rarer is quickly read from the index.
  walk constant int := case when p_filter ->> 'q' is null then 500 else 2000 end;
  conditions text := sec.lead_conditions(p_tenant, p_actor, p_filter);
  contents constant text := sec.lead_contents(p_filter);
  expression constant text := sec.lead_order(p_sort);
  direction constant text := case when p_sort is null or starts_with(p_sort, '-') then 'desc' else 'asc' end;
  in_order text := format('order by %sl.id %s', expression || ' ' || direction || ', ', direction);
  walked int;
begin
  ids := '{}';
  are_all := true;
  if p_tenant is null then return; end if;
  if p_after is not null then
    conditions := conditions || case when expression is null
      then format(' and l.id %s %L::uuid', case direction when 'desc' then '<' else '>' end, p_after)
      else format(' and (%1$s, l.id) %2$s (select %1$s, l.id from crm.leads l where l.tenant_id = %3$L::uuid and l.id = %4$L::uuid)',
                  expression, case direction when 'desc' then '<' else '>' end, p_tenant, p_after) end;
  end if;
  if contents is not null and p_walks then
    execute format(
      'select count(*), coalesce(array_agg(l.id) filter (where %s), ''{}'')
         from (select l.id, l.search, l.tags from crm.leads l where %3$s %2$s limit %4$s) l',
      contents, in_order, conditions, walk) into walked, ids;
    are_all := walked < walk or cardinality(ids) >= p_cap;
    ids := ids[:p_cap];
    if are_all or cardinality(ids) >= p_limit then return; end if;
  end if;
  are_all := true;
  conditions := concat_ws(' and ', conditions, contents);
  if p_sort = 'any' then in_order := ''; end if;
  execute format('select array(select l.id from crm.leads l where %s %s limit %s)', conditions, in_order, p_cap)
    into ids;
end $$;

create or replace function sec.find_leads(
    p_tenant uuid, p_actor uuid, p_filter jsonb, p_sort text, p_after uuid, p_limit int) returns uuid[]
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select f.ids from sec.find_leads(p_tenant, p_actor, p_filter, p_sort, p_after, p_limit, p_limit, true) f;
  end;

-- Loads the extension: before, its setting is nobody's to set.
select extensions.show_limit();

-- Leads that are like what was searched for, the most similar first: those that have all the words but one as they were
-- typed and something like that one, else those that have any, else what is like the longest. A word that
-- one of the newest leads has is no slip; where none is, all but one of them will do. (What is like all of them
-- together takes ten times as long to find.)
create function sec.similar_leads(p_tenant uuid, p_actor uuid, p_filter jsonb, p_limit int) returns uuid[]
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
as $$
declare
  typed constant text := app.fold(p_filter ->> 'q');
  words constant text[] := array(
    select w.word from unnest(string_to_array(typed, ' ')) with ordinality w (word, place)
     where w.word <> '' order by length(w.word) desc, w.place limit 4);
  conditions constant text := concat_ws(' and ', sec.lead_conditions(p_tenant, p_actor, p_filter),
                                        sec.lead_contents(jsonb_build_object('tag', p_filter ->> 'tag')));
  known boolean[];
  others text[];
  chances text[] := '{}';
  chance text;
  ids uuid[];
begin
  if p_tenant is null or cardinality(words) = 0 then return '{}'; end if;
  if cardinality(words) > 1 then
    execute format(
      'select array[%s] from (select l.search from crm.leads l where l.tenant_id = %L::uuid
         and l.archived_at is null and l.deleted_at is null order by l.id desc limit 1000) l',
      (select string_agg(format('coalesce(bool_or(%s), false)', sec.has_words('l.search', w.word)), ', ' order by w.place)
         from unnest(words) with ordinality w (word, place)), p_tenant) into known;
    for place in 1 .. cardinality(words) loop
      others := words[:place - 1] || words[place + 1:];
      if not known[place] then
        chances := chances || format('%s and %L <%% l.search', sec.has_words('l.search', array_to_string(others, ' ')), words[place]);
      end if;
    end loop;
    if cardinality(chances) = 0 and cardinality(words) > 2 then
      chances := array[(select '(' || string_agg(
          '(' || sec.has_words('l.search', array_to_string(words[:w.place - 1] || words[w.place + 1:], ' ')) || ')', ' or ') || ')'
        from unnest(words) with ordinality w (word, place))];
    end if;
    chances := chances || (select '(' || string_agg(sec.has_words('l.search', w), ' or ') || ')' from unnest(words) w);
  end if;
  foreach chance in array chances || format('%L <%% l.search', words[1]) loop
    execute format(
      -- What every lead has makes all of them similar: among the first is enough.
      'select array(select c.id from (select l.id, l.search from crm.leads l where %s limit 150) c
        order by word_similarity(%L, c.search) desc, c.id desc limit %s)', conditions || ' and ' || chance, typed, p_limit)
      into ids;
    exit when cardinality(ids) > 0;
  end loop;
  return ids;
end $$;

-- Those leads; or, where words are searched for and nothing has them all, similar ones.
create or replace function app.find_leads(p_filter jsonb, p_sort text, p_after uuid, p_limit int)
  returns table (id uuid, is_similar boolean)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 50
as $$
declare
  ids constant uuid[] := sec.find_leads(app.tenant(), app.actor(), p_filter, p_sort, p_after, least(p_limit, 50001));
begin
  if cardinality(ids) > 0 or p_after is not null or p_filter ->> 'q' is null then
    return query select f.id, false from unnest(ids) f (id);
  else
    return query select f.id, true from unnest(sec.similar_leads(app.tenant(), app.actor(), p_filter, least(p_limit, 101))) f (id);
  end if;
end $$;

-- The same for a page of a list, and how many there are on all its pages, similar ones aside: no more than
-- p_cap are counted.
create function app.list_leads(p_filter jsonb, p_sort text, p_after uuid, p_limit int, p_cap int)
  returns table (id uuid, is_similar boolean, total int)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 50
as $$
declare
  this_tenant constant uuid := app.tenant();
  page constant int := least(p_limit, 101);
  cap constant int := greatest(page, least(p_cap, 10001));
  has_contents constant boolean := sec.lead_contents(p_filter) is not null;
  ids uuid[];
  are_all boolean;
begin
  select f.ids, f.are_all into ids, are_all
    from sec.find_leads(this_tenant, app.actor(), p_filter, p_sort, p_after, page,
                        -- In another order than they are found in, a page is found sooner than all.
                        case when p_after is null and has_contents then cap else page end, true) f;
  if cardinality(ids) = 0 and p_after is null and p_filter ->> 'q' is not null then
    return query select f.id, true, 0 from unnest(sec.similar_leads(this_tenant, app.actor(), p_filter, page)) f (id);
    return;
  end if;
  if p_after is null and (cardinality(ids) < page or has_contents and are_all) then
    total := cardinality(ids);
  elsif p_cap > 0 then
    select cardinality(f.ids) into total
      from sec.find_leads(this_tenant, app.actor(), p_filter, 'any', null, cap, cap, not (p_after is null and has_contents)) f;
  end if;
  return query select f.id, false, list_leads.total from unnest(ids[:page]) f (id);
end $$;
grant execute on function app.list_leads(jsonb, text, uuid, int, int) to closerflow_web;

-- migrate:down
drop function app.list_leads(jsonb, text, uuid, int, int);
select extensions.show_limit();
create or replace function app.find_leads(p_filter jsonb, p_sort text, p_after uuid, p_limit int)
  returns table (id uuid, is_similar boolean)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
  rows 50
as $$
declare
  ids constant uuid[] := sec.find_leads(app.tenant(), app.actor(), p_filter, p_sort, p_after, least(p_limit, 50001));
  typed constant text := app.fold(p_filter ->> 'q');
  words constant text[] := array(
    select w.word from unnest(string_to_array(typed, ' ')) with ordinality w (word, place)
     where w.word <> '' order by length(w.word) desc, w.place limit 4);
  chances text[] := '{}';
  chance text;
begin
  if cardinality(ids) > 0 or cardinality(words) = 0 or p_after is not null or app.tenant() is null then
    return query select f.id, false from unnest(ids) f (id);
    return;
  end if;
  if cardinality(words) > 1 then
    for place in 1 .. cardinality(words) loop
      chances := chances || format('%s and %L <%% l.search',
        sec.has_words('l.search', array_to_string(words[:place - 1] || words[place + 1:], ' ')), words[place]);
    end loop;
    chances := chances || (select '(' || string_agg(sec.has_words('l.search', w), ' or ') || ')' from unnest(words) w);
  end if;
  foreach chance in array chances || format('%L <%% l.search', words[1]) loop
    return query execute format(
      -- What every lead has makes all of them similar: among the first is enough.
      'select c.id, true from (select l.id, l.search from crm.leads l where %s limit 150) c
        order by word_similarity(%L, c.search) desc, c.id desc limit %s',
      concat_ws(' and ', sec.lead_conditions(app.tenant(), app.actor(), p_filter),
                sec.lead_contents(jsonb_build_object('tag', p_filter ->> 'tag')), chance), typed, least(p_limit, 101));
    if found then return; end if;
  end loop;
end $$;
drop function sec.similar_leads(uuid, uuid, jsonb, int);
create or replace function sec.find_leads(
    p_tenant uuid, p_actor uuid, p_filter jsonb, p_sort text, p_after uuid, p_limit int) returns uuid[]
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
as $$
declare
  -- How many leads are looked through before the index of words, or of tags, is asked: what 1 of 40, or of
  -- 10, leads has fills a page from them, and what is rarer is quickly read from the index.
  walk constant int := case when p_filter ->> 'q' is null then 500 else 2000 end;
  conditions text := sec.lead_conditions(p_tenant, p_actor, p_filter);
  contents constant text := sec.lead_contents(p_filter);
  expression constant text := sec.lead_order(p_sort);
  direction constant text := case when p_sort is null or starts_with(p_sort, '-') then 'desc' else 'asc' end;
  in_order text := format('order by %sl.id %s', expression || ' ' || direction || ', ', direction);
  walked int;
  ids uuid[];
begin
  if p_tenant is null then return '{}'; end if;
  if p_after is not null then
    conditions := conditions || case when expression is null
      then format(' and l.id %s %L::uuid', case direction when 'desc' then '<' else '>' end, p_after)
      else format(' and (%1$s, l.id) %2$s (select %1$s, l.id from crm.leads l where l.tenant_id = %3$L::uuid and l.id = %4$L::uuid)',
                  expression, case direction when 'desc' then '<' else '>' end, p_tenant, p_after) end;
  end if;
  if contents is not null then
    execute format(
      'select count(*), coalesce(array_agg(l.id) filter (where %s), ''{}'')
         from (select l.id, l.search, l.tags from crm.leads l where %3$s %2$s limit %4$s) l',
      contents, in_order, conditions, walk) into walked, ids;
    if walked < walk or cardinality(ids) >= p_limit then return ids[:p_limit]; end if;
    conditions := conditions || ' and ' || contents;
  end if;
  if p_sort = 'any' then in_order := ''; end if;
  execute format('select array(select l.id from crm.leads l where %s %s limit %s)', conditions, in_order, p_limit)
    into ids;
  return ids;
end $$;
drop function sec.find_leads(uuid, uuid, jsonb, text, uuid, int, int, boolean);
drop function app.write_import_leads(uuid, int, int), app.refuse_import_line(uuid, int, text),
  sec.import_being_written(uuid);

create or replace function app.claim_job(p_kinds text[], p_owner text, p_lease interval)
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

create or replace function sec.size_import_tables() returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  small text;
begin
  for small in
    select c.oid::regclass::text from pg_class c
     where c.oid in ('crm.leads'::regclass, 'crm.contacts'::regclass, 'crm.lead_contacts'::regclass, 'crm.lead_import_rows'::regclass)
       and c.reltuples < 1000
  loop
    if pg_try_advisory_xact_lock(hashtextextended('analyze:' || small, 0)) then execute 'analyze ' || small; end if;
  end loop;
end $$;
create or replace function app.finish_check(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.lead_imports i
       set state = 'checked', new_rows = c.new_rows, update_rows = c.update_rows,
           duplicate_rows = c.duplicate_rows, error_rows = c.error_rows
      from (select count(*) filter (where r.status = 'new') as new_rows,
                   count(*) filter (where r.status = 'update') as update_rows,
                   count(*) filter (where r.status = 'duplicate') as duplicate_rows,
                   count(*) filter (where r.status = 'error') as error_rows
              from crm.lead_import_rows r where r.tenant_id = app.tenant() and r.import_id = p_import) c
     where i.tenant_id = app.tenant() and i.id = p_import and i.state = 'checking';
  end;
create or replace function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  chosen_mode text;
begin
  select i.mode into strict chosen_mode from crm.lead_imports i where i.tenant_id = this_tenant and i.id = p_import;
  perform sec.size_import_tables();
  -- Rows are written where they were read: a join by line would pair each with each while the planner takes
  -- a file it has not seen for one row.
  with asked as materialized (
    select r.ctid as place, r.line, r.known_id, r.external_id, r.company, nullif(concat_ws(' ', r.first_name, r.last_name), '') as name,
           coalesce(r.email, r.phone) is not null as has_address,
           coalesce(r.first_name, r.last_name, r.email, r.phone) is not null as has_person,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.email = r.email and c.deleted_at is null) as by_email,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.phone = r.phone and c.deleted_at is null) as by_phone
      from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.line between p_from and p_to
       and r.status in ('read', 'new', 'update')
  ), known as materialized (
    select a.*, coalesce(a.by_email, a.by_phone) as contact_id,
           coalesce(
             case when a.known_id is not null then
               (select l.id from crm.leads l
                 where l.tenant_id = this_tenant and l.deleted_at is null and l.id = (
                   select coalesce(g.merged_into, g.id) from crm.leads g
                    where g.tenant_id = this_tenant and g.id = a.known_id)) end,
             case when a.external_id is not null then
               (select l.id from crm.leads l
                 where l.tenant_id = this_tenant and l.deleted_at is null and l.id = (
                   select coalesce(g.merged_into, g.id) from crm.leads g
                    where g.tenant_id = this_tenant and g.external_id = a.external_id
                      and (g.deleted_at is null or g.merged_into is not null)
                    order by g.deleted_at is null desc, g.id desc limit 1)) end) as by_number,
           case when chosen_mode <> 'add' and coalesce(a.by_email, a.by_phone) is not null then
             (select l.id from crm.lead_contacts lc
               join crm.leads l on l.tenant_id = lc.tenant_id and l.id = lc.lead_id
              where lc.tenant_id = this_tenant and lc.contact_id = coalesce(a.by_email, a.by_phone)
                and l.deleted_at is null
              order by (l.outcome = 'open' and l.archived_at is null) desc, l.id desc limit 1) end as by_person
      from asked a
  ), ranked as materialized (
    -- Two lines that name one person by different means are one: the first counts.
    select k.*, row_number() over (partition by k.contact_id order by k.line) as nth,
           first_value(k.line) over (partition by k.contact_id order by k.line) as first_line,
           k.by_number is not null and k.contact_id is not null and (
             select lc.contact_id from crm.lead_contacts lc
              where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.contact_id = k.contact_id) is null as is_elsewhere,
           case when k.contact_id is null and k.by_number is null and k.name is not null and k.company is not null then
             (select l.id from crm.leads l
               where l.tenant_id = this_tenant and coalesce(app.fold(l.company), '') = app.fold(k.company)
                 and app.fold(l.contact_name) = app.fold(k.name) and l.archived_at is null and l.deleted_at is null
               order by l.id desc limit 1) end as by_name
      from known k
  ), judged as (
    select k.place, k.contact_id, coalesce(k.by_number, k.by_person, k.by_name) as lead_id,
           case
             when k.by_email <> k.by_phone or k.is_elsewhere or w.has_nobody then 'error'
             when k.contact_id is not null and k.nth > 1 then 'duplicate'
             when coalesce(k.by_number, k.by_person, k.by_name) is null then 'new'
             when chosen_mode in ('create', 'add') or coalesce(k.by_number, k.by_person) is null and k.has_address then 'duplicate'
             else 'update' end as status,
           case
             when k.by_email <> k.by_phone then array['two_people']
             when k.is_elsewhere then array['other_person']
             when w.has_nobody then array['no_person']
             when k.contact_id is not null and k.nth > 1 then array['same_line:' || k.first_line]
             when coalesce(k.by_number, k.by_person) is not null and chosen_mode in ('create', 'add') then array['known']
             when k.by_name is not null and (chosen_mode in ('create', 'add') or k.has_address) then array['similar']
             else '{}' end as reasons
      from ranked k
      -- A person is written over one who is known, never put at a lead that has nobody.
      cross join lateral (
        select chosen_mode in ('update', 'fill_blanks') and k.has_person and k.contact_id is null
               and k.by_number is not null and not exists (
                 select from crm.lead_contacts lc join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
                  where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.is_primary
                    and c.deleted_at is null) as has_nobody) w
  )
  update crm.lead_import_rows r
     set lead_id = j.lead_id, contact_id = j.contact_id, status = j.status, reasons = j.reasons
    from judged j
   where r.ctid = j.place
     -- Most stand as the dry run left them.
     and (r.status <> j.status or r.lead_id is distinct from j.lead_id or r.contact_id is distinct from j.contact_id);
end $$;
drop trigger refuse_gone_member on crm.lead_imports;
drop trigger refuse_gone_member on crm.lead_assignments;
drop function app.refuse_gone_member();
drop index crm.jobs_one_import_key;
create or replace function app.are_tags(tags text[]) returns boolean
  language sql immutable parallel safe
  begin atomic
    select cardinality(tags) <= 20
       and coalesce(array_ndims(tags), 1) = 1
       and cardinality(tags) = (
         select count(distinct t) from unnest(tags) t
          where length(t) <= 40 and t = lower(t) and t ~ '^[[:alnum:]]+([_-][[:alnum:]]+)*$');
  end;
