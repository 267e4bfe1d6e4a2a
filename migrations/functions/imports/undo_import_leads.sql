-- for: worker
-- Deletes the next leads that the import made and nobody touched since, and their people where they stand
-- nowhere else; the others are kept. No line when none is left.
create or replace function app.undo_import_leads(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_actor constant uuid := app.actor();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'undoing');
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  perform from crm.leads l
   where l.tenant_id = this_tenant and l.id in (
     select r.lead_id from crm.lead_import_rows r
      where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'done' and r.makes_lead
        and r.line > p_after
      order by r.line limit p_limit)
   order by l.id for no key update;
  with picked as (
    select r.ctid as place, r.lead_id, r.contact_id, r.makes_contact, row_number() over (order by r.line) as n,
           l.deleted_at is not null as is_gone, l.event_seq + 1 as event_seq,
           -- Their owner and what they wrote first came in with them.
           l.event_seq = 1 + (r.message is not null)::int + exists (
             select from crm.lead_assignments a where a.tenant_id = this_tenant and a.id = r.lead_id)::int
             and l.revision = 1 as is_untouched
      from crm.lead_import_rows r join crm.leads l on l.tenant_id = this_tenant and l.id = r.lead_id
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'done' and r.makes_lead
       and r.line > p_after
     order by r.line limit p_limit
  ), marked as (
    update crm.lead_import_rows r
       set status = case when p.is_gone or p.is_untouched then 'undone' else 'kept' end
      from picked p where r.ctid = p.place
    returning r.line
  ), leaving as (
    select p.*, app.uuid_at(now_ms, p.n) as event from picked p where p.is_untouched and not p.is_gone
  ), gone as (
    update crm.leads l set deleted_at = now(), event_seq = p.event_seq from leaving p
     where l.tenant_id = this_tenant and l.id = p.lead_id
  ), alone as (
    update crm.contacts c set deleted_at = now() from leaving p
     where p.makes_contact and c.tenant_id = this_tenant and c.id = p.contact_id and c.deleted_at is null
       and not exists (select from crm.lead_contacts lc
                        join crm.leads x on x.tenant_id = lc.tenant_id and x.id = lc.lead_id
                       where lc.tenant_id = this_tenant and lc.contact_id = c.id and lc.lead_id <> p.lead_id
                         and x.deleted_at is null)
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, p.event, 'lead', p.lead_id, p.event_seq, 'LeadDeleted', 1,
           jsonb_build_object('from', 'active', 'operation', this_import.operation_id),
           this_tenant || ':LeadDeleted.v1:' || p.event
      from leaving p
  ), shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, p.event, p.lead_id, 'deleted', this_actor, jsonb_build_object('operation', this_import.operation_id)
      from leaving p
  ), logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, old, new)
    select this_tenant, p.event, this_actor, 'member', 'deleted', 'lead', p.lead_id, 'life', 'active', 'deleted' from leaving p
  )
  select count(*), max(m.line) into written, last_line from marked m;
end $$;
