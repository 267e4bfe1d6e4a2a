-- for: owner
-- Writes down what an operation changes: each field, of each record.
create or replace function app.log_operation() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  operation constant uuid := nullif(current_setting('app.operation', true), '')::uuid;
  this_tenant uuid;
  entity constant text := rtrim(tg_table_name, 's');
begin
  if operation is null then return null; end if;
  this_tenant := app.tenant();
  perform from crm.operations o where o.tenant_id = this_tenant and o.id = operation and o.undone_at is null
     and o.actor_id = app.actor();
  if not found then
    raise exception 'no such operation' using errcode = 'CF404', constraint = 'operations_resume';
  end if;
  if tg_op = 'UPDATE' then
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, of_lead_id, field, old, new)
    with was as (
      select coalesce(j.r ->> 'id', concat_ws('/', j.r ->> 'lead_id', j.r ->> 'contact_id')) as key, sec.undoable(j.r) as fields
        from (select to_jsonb(t) as r from old_rows t) j
    ), become as (
      select coalesce(j.r ->> 'id', concat_ws('/', j.r ->> 'lead_id', j.r ->> 'contact_id')) as key, sec.undoable(j.r) as fields,
             coalesce(j.r ->> 'id', j.r ->> 'contact_id')::uuid as id,
             case entity when 'lead_contact' then (j.r ->> 'lead_id')::uuid end as of_lead
        from (select to_jsonb(t) as r from new_rows t) j
    )
    select this_tenant, operation, entity, become.id, become.of_lead, f.key, f.value, become.fields -> f.key
      from was join become using (key), lateral jsonb_each(was.fields) f
     where f.value is distinct from become.fields -> f.key
    on conflict on constraint operation_changes_key do update set new = excluded.new;
  elsif tg_op = 'INSERT' then
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, of_lead_id, field, new)
    select this_tenant, operation, entity, coalesce(n.r ->> 'id', n.r ->> 'contact_id')::uuid,
           case entity when 'lead_contact' then (n.r ->> 'lead_id')::uuid end, '*', sec.undoable(n.r)
      from (select to_jsonb(t) as r from new_rows t) n
    on conflict on constraint operation_changes_key do update set new = excluded.new;
  else
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, of_lead_id, field, old)
    select this_tenant, operation, entity, coalesce(n.r ->> 'id', n.r ->> 'contact_id')::uuid,
           case entity when 'lead_contact' then (n.r ->> 'lead_id')::uuid end, '*', sec.undoable(n.r)
      from (select to_jsonb(t) as r from old_rows t) n
    on conflict on constraint operation_changes_key do update set old = excluded.old, new = null;
  end if;
  return null;
end $$;
