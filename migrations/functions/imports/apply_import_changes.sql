-- for: owner
-- Carries out changes of fields, and records them: the event, the timeline, the audit log.
create or replace function sec.apply_import_changes(p_import crm.lead_imports, p_actor uuid, p_changes jsonb) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant constant uuid := p_import.tenant_id;
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  update crm.contacts c
     set (first_name, last_name, email, phone) =
         (select n.first_name, n.last_name, n.email, n.phone from jsonb_populate_record(c, p.patch) n)
    from (select x.entity_id, jsonb_object_agg(x.field, coalesce(x.new, 'null')) as patch
            from app.import_changes(p_changes) x where x.entity = 'contact' group by x.entity_id) p
   where c.tenant_id = p_tenant and c.id = p.entity_id;
  update crm.leads l
     set (title, description, company, source, estimated_value, external_id, tags, language, owner_id) =
         (select n.title, n.description, n.company, n.source, n.estimated_value, n.external_id, n.tags, n.language, n.owner_id
            from jsonb_populate_record(l, p.patch) n)
    from (select x.entity_id, jsonb_object_agg(x.field, coalesce(x.new, 'null')) as patch
            from app.import_changes(p_changes) x where x.entity = 'lead' group by x.entity_id) p
   where l.tenant_id = p_tenant and l.id = p.entity_id;

  insert into crm.lead_assignments (tenant_id, id, lead_id, from_user, to_user, strategy, actor_id)
  select p_tenant, app.uuid_at(now_ms, row_number() over (order by c.lead_id)), c.lead_id, (c.old #>> '{}')::uuid,
         (c.new #>> '{}')::uuid, 'manual', p_actor
    from app.import_changes(p_changes) c where c.entity = 'lead' and c.field = 'owner_id';

  with changed as (
    select c.lead_id, row_number() over (order by c.lead_id) as n, array_agg(c.field order by c.field) as fields
      from app.import_changes(p_changes) c where c.lead_id is not null group by c.lead_id
  ), numbered as (
    update crm.leads l set event_seq = l.event_seq + 1 from changed c
     where l.tenant_id = p_tenant and l.id = c.lead_id
    returning l.id, l.event_seq, c.fields, app.uuid_at(now_ms, c.n) as event
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select p_tenant, n.event, 'lead', n.id, n.event_seq, 'LeadUpdated', 1,
           jsonb_build_object('fields', n.fields, 'operation', p_import.operation_id),
           p_tenant || ':LeadUpdated.v1:' || n.id || ':' || n.event
      from numbered n
  )
  insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
  select p_tenant, n.event, n.id, 'lead_updated', p_actor,
         jsonb_build_object('subject', array_to_string(n.fields, ' '), 'operation', p_import.operation_id)
    from numbered n;
  insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, old, new)
  select p_tenant, app.uuid_at(now_ms, row_number() over (order by c.lead_id, c.field)), p_actor, 'member', 'lead_updated',
         'lead', c.lead_id, case c.field when 'owner_id' then 'owner' else c.field end, app.plain(c.old), app.plain(c.new)
    from app.import_changes(p_changes) c where c.lead_id is not null;
end $$;
