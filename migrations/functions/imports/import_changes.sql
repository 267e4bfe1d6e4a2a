-- for: owner
-- Changes of fields on their way from one statement to the next.
create or replace function app.import_changes(p_changes jsonb)
  returns table (seq bigint, entity text, entity_id uuid, lead_id uuid, field text, old jsonb, new jsonb)
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select c.seq, c.entity, c.entity_id, c.lead_id, c.field, c.old, c.new
      from jsonb_to_recordset(coalesce(p_changes, '[]')) as c (
        seq bigint, entity text, entity_id uuid, lead_id uuid, field text, old jsonb, new jsonb);
  end;
