-- for: owner
-- The histories, facts, timeline and audit rows of an undo, from the outcomes that are about to be
-- carried out.
create or replace function sec.record_undo(p_tenant uuid, p_id uuid) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  operation crm.operations;
begin
  select * into strict operation from crm.operations o where o.tenant_id = p_tenant and o.id = p_id;

  with steps as (
    insert into crm.lead_stage_history (tenant_id, id, lead_id, from_stage, to_stage, reason, actor_id)
    select p_tenant, app.new_id(), c.entity_id, c.new #>> '{}', c.old #>> '{}', 'Taken back', app.actor()
      from crm.operation_changes c
     where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity = 'lead' and c.field = 'stage'
       and c.outcome = 'restored'
    returning id, lead_id, from_stage, to_stage)
  select count(app.emit(app.new_id(), 'StageChanged', 1, 'lead', s.lead_id, s.id::text,
                        jsonb_build_object('from', s.from_stage, 'to', s.to_stage)))
    into strict operation.subjects from (select * from steps order by lead_id) s;

  with given as (
    insert into crm.lead_assignments (tenant_id, id, lead_id, from_user, to_user, strategy, reason, actor_id)
    select p_tenant, app.new_id(), c.entity_id, (c.new #>> '{}')::uuid, (c.old #>> '{}')::uuid, 'manual', 'Taken back', app.actor()
      from crm.operation_changes c
     where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity = 'lead' and c.field = 'owner_id'
       and c.outcome = 'restored'
    returning id, lead_id, from_user, to_user, strategy)
  select count(app.emit(app.new_id(), 'LeadAssigned', 1, 'lead', g.lead_id, g.id::text,
                        jsonb_build_object('from', g.from_user, 'to', g.to_user, 'strategy', g.strategy)))
    into strict operation.subjects from (select * from given order by lead_id) g;

  -- Back in the lists.
  perform app.emit(app.new_id(), 'LeadRestored', 1, 'lead', t.lead, p_id || ':undo:' || t.lead,
                   jsonb_build_object('from', case t.field when 'archived_at' then 'archived' else 'deleted' end))
     from (select c.entity_id as lead, min(c.field) as field from crm.operation_changes c
            where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity = 'lead'
              and c.field in ('archived_at', 'deleted_at') and c.old is not distinct from 'null' and c.outcome = 'restored'
            group by c.entity_id order by 1) t;

  perform app.emit(app.new_id(), 'LeadUpdated', 1, 'lead', t.lead, p_id || ':undo:' || t.lead,
                   jsonb_build_object('undone', p_id))
     from (select distinct coalesce(c.of_lead_id, c.entity_id) as lead from crm.operation_changes c
            where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity <> 'contact' and c.outcome = 'restored'
            order by 1) t;

  insert into crm.activities (tenant_id, id, lead_id, kind, data)
  select p_tenant, app.new_id(), t.lead, 'operation_undone', jsonb_build_object('subject', operation.action, 'operation', p_id)
    from (select distinct coalesce(c.of_lead_id, c.entity_id) as lead from crm.operation_changes c
           where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity <> 'contact' and c.outcome = 'restored') t;

  -- In the words of the other rows: a clock is none, an owner is no column, and who stands at a lead has a name.
  insert into crm.audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
  select p_tenant, app.new_id(), 'operation_undone', c.entity, c.entity_id,
         case c.field when 'owner_id' then 'owner' else c.field end, app.plain(c.new), app.plain(c.old)
    from crm.operation_changes c
   where c.tenant_id = p_tenant and c.operation_id = p_id and c.outcome = 'restored'
     and c.entity <> 'lead_contact' and c.field not in ('stage_since', '*')
  union all
  select p_tenant, app.new_id(), 'operation_undone', 'lead', c.of_lead_id, 'contacts',
         case when c.old is null or c.old = 'null' then k.words end, case when c.new is null or c.new = 'null' then k.words end
    from crm.operation_changes c
    join lateral (select coalesce(nullif(concat_ws(' ', x.first_name, x.last_name), ''), x.email, x.phone) as words
                    from crm.contacts x where x.tenant_id = p_tenant and x.id = c.entity_id) k on true
   where c.tenant_id = p_tenant and c.operation_id = p_id and c.outcome = 'restored' and c.entity = 'lead_contact'
     and c.field = '*';
end $$;
