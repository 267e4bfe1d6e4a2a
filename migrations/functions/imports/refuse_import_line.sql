-- for: worker
-- Marks a row that cannot be written as an error that says why.
create or replace function app.refuse_import_line(p_import uuid, p_line int, p_why text) returns void
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
