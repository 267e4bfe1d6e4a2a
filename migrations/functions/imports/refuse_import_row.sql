-- for: worker
-- Leaves out the next row of a status behind a line: by itself it met an error of its data. No line when there
-- is none.
create or replace function app.refuse_import_row(
  p_import uuid, p_after int, p_status text, p_why text, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
begin
  written := 0;
  update crm.lead_import_rows r set status = 'error', reasons = array['refused:' || p_why], lead_id = null, contact_id = null
   where r.tenant_id = this_import.tenant_id and r.import_id = p_import and p_status in ('new', 'update')
     and r.line = (select min(n.line) from crm.lead_import_rows n
                    where n.tenant_id = this_import.tenant_id and n.import_id = p_import and n.status = p_status
                      and n.line > p_after)
  returning r.line into last_line;
end $$;
