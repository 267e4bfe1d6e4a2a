-- for: owner
-- Of the fields that a row could write over, those that still are as this operation left them, as they were before it.
create or replace function sec.import_changed(p_operation uuid, p_fields jsonb) returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select coalesce(jsonb_object_agg(c.field, coalesce(c.old, 'null')), '{}')
      from (values ('lead'), ('contact')) e (entity)
     cross join lateral (
       select o.field, o.old, o.new from crm.operation_changes o
        where o.tenant_id = app.tenant() and o.operation_id = p_operation and o.entity = e.entity
          and o.entity_id = (p_fields ->> e.entity)::uuid) c
     where coalesce(p_fields -> c.field, 'null') = coalesce(c.new, 'null');
  end;
