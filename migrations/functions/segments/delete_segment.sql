-- for: web
-- Deletes a segment of whoever acts; nobody else's.
create or replace function app.delete_segment(p_id uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from crm.segments s where s.tenant_id = app.tenant() and s.id = p_id and s.owner_id = app.actor();
  end;
