-- for: worker
-- Writes the next new leads behind a line, for workers of a release that wrote with one connection. No line when none
-- is left.
create or replace function app.import_new_leads(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_actor constant uuid := app.actor();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  from_line int;
  -- While the tables look empty to the planner, the checks of foreign keys go through all of a tenant's rows:
  -- one small batch first, then it is told (sec.size_import_tables).
  is_first constant boolean := (select c.reltuples < 1000 from pg_class c where c.oid = 'crm.leads'::regclass);
begin
  select min(p.line), max(p.line) into from_line, last_line from (
    select r.line from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'new'
       and r.line > p_after
     order by r.line limit case when is_first then least(p_limit, 500) else p_limit end) p;
  written := 0;
  if from_line is null then return; end if;
  -- Somebody may have captured one of them since the dry run; another import of the tenant's waits.
  perform pg_advisory_xact_lock(hashtextextended('import:' || this_tenant, 0));
  perform app.judge_import(p_import, from_line, last_line);

  perform set_config('app.copies', 'written', true);
  with batch as (
    update crm.lead_import_rows r
       set status = 'done', makes_lead = true, lead_id = app.uuid_at(now_ms, r.line - from_line),
           makes_contact = r.contact_id is null and coalesce(r.first_name, r.last_name, r.email, r.phone) is not null,
           contact_id = case when coalesce(r.contact_id::text, r.first_name, r.last_name, r.email, r.phone) is not null
                             then coalesce(r.contact_id, app.uuid_at(now_ms, r.line - from_line)) end
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'new' and r.line between from_line and last_line
    returning r.line as n, r.*
  ), numbered as (
    select b.*, coalesce(b.source, this_import.source) as lead_source,
           case when coalesce(b.owner_id, this_import.owner_id) is null
                then count(*) filter (where coalesce(b.owner_id, this_import.owner_id) is null) over (order by b.n) end as turn
      from batch b
  ), chosen as materialized (
    select c.* from app.choose_owners(
      (select array_agg(o.lead_source order by o.n) from numbered o where o.turn is not null)) c
  ), owned as (
    -- Who is named in the file or on the page; else the tenant's strategy.
    select o.*, coalesce(o.owner_id, this_import.owner_id, c.user_id) as owner, coalesce(c.strategy, 'manual') as strategy,
           c.reason
      from numbered o left join chosen c on c.n = o.turn
  ), made_contacts as (
    insert into crm.contacts (tenant_id, id, first_name, last_name, email, phone)
    select this_tenant, b.contact_id, b.first_name, b.last_name, b.email, b.phone from batch b where b.makes_contact
    order by b.n
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
    select this_tenant, b.lead_id, b.title, coalesce(b.description, ''), b.company, b.lead_source,
           b.owner, b.estimated_value, coalesce(b.tags, '{}'), b.external_id,
           b.language, this_actor,
           nullif(concat_ws(' ', coalesce(c.first_name, b.first_name), coalesce(c.last_name, b.last_name)), ''),
           coalesce(c.email, b.email), coalesce(c.phone, b.phone),
           1 + (b.owner is not null)::int + (b.message is not null)::int
      from owned b
      left join lateral (
        select x.first_name, x.last_name, x.email, x.phone from crm.contacts x
         where not b.makes_contact and x.tenant_id = this_tenant and x.id = b.contact_id offset 0) c on true
     order by b.n
  ), links as (
    insert into crm.lead_contacts (tenant_id, lead_id, contact_id, is_primary)
    select this_tenant, b.lead_id, b.contact_id, true from batch b where b.contact_id is not null order by b.n
  ), steps as (
    insert into crm.lead_stage_history (tenant_id, id, lead_id, to_stage, actor_id)
    select this_tenant, b.lead_id, b.lead_id, 'new', this_actor from batch b order by b.n
  ), given as (
    insert into crm.lead_assignments (tenant_id, id, lead_id, to_user, strategy, reason, actor_id)
    select this_tenant, b.lead_id, b.lead_id, b.owner, b.strategy, b.reason, this_actor
      from owned b where b.owner is not null order by b.n
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, b.lead_id, 'lead', b.lead_id, 1, 'LeadCreated', 1,
           jsonb_build_object('contact', b.contact_id, 'source', coalesce(b.source, this_import.source),
                              'operation', this_import.operation_id),
           this_tenant || ':LeadCreated.v1:' || b.lead_id
      from batch b order by b.n
  ), given_told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - from_line), 'lead', b.lead_id, 2, 'LeadAssigned', 1,
           jsonb_build_object('from', null, 'to', b.owner, 'strategy', b.strategy, 'operation', this_import.operation_id),
           this_tenant || ':LeadAssigned.v1:' || b.lead_id
      from owned b where b.owner is not null order by b.n
  ), given_shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - from_line), b.lead_id, 'lead_assigned', this_actor,
           jsonb_strip_nulls(jsonb_build_object('user', b.owner, 'strategy', b.strategy, 'reason', b.reason,
                                                'operation', this_import.operation_id))
      from owned b where b.owner is not null order by b.n
  ), given_logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, new)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - from_line), this_actor, 'member', 'lead_assigned', 'lead', b.lead_id,
           'owner', b.owner
      from owned b where b.owner is not null order by b.n
  ), threads as (
    -- What they wrote begins a conversation, as in the form's intake.
    insert into crm.threads (tenant_id, id, lead_id, channel, awaiting_reply)
    select this_tenant, b.lead_id, b.lead_id, 'form', true from batch b where b.message is not null order by b.n
  ), messages as (
    insert into crm.messages (tenant_id, id, thread_id, role, content, actor_id)
    select this_tenant, b.lead_id, b.lead_id, 'lead', b.message, this_actor from batch b
     where b.message is not null order by b.n
  ), heard as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, app.uuid_at(now_ms, 8192 + b.n - from_line), 'lead', b.lead_id, 2 + (b.owner is not null)::int,
           'MessageReceived', 1, jsonb_build_object('message', b.lead_id, 'operation', this_import.operation_id),
           this_tenant || ':MessageReceived.v1:' || b.lead_id
      from owned b where b.message is not null order by b.n
  ), heard_on_timeline as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, app.uuid_at(now_ms, 8192 + b.n - from_line), b.lead_id, 'message_received', this_actor,
           jsonb_build_object('message', b.lead_id, 'operation', this_import.operation_id)
      from batch b where b.message is not null order by b.n
  ), shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, b.lead_id, b.lead_id, 'lead_created', this_actor,
           jsonb_strip_nulls(jsonb_build_object('subject', coalesce(b.source, this_import.source),
                                                'operation', this_import.operation_id))
      from batch b order by b.n
  ), logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id)
    select this_tenant, b.lead_id, this_actor, 'member', 'lead_created', 'lead', b.lead_id from batch b order by b.n
  )
  select count(*) into written from batch;
  perform set_config('app.copies', '', true);
end $$;
