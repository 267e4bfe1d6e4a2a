-- for: web
-- Throws away a file that nobody imported: its bytes at once, its rows later, by app.forget_imports.
create or replace function app.discard_import(p_import uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  update crm.lead_imports i set state = 'discarded'
   where i.tenant_id = this_tenant and i.id = p_import and i.state in ('mapping', 'checking', 'checked')
     and not exists (select from crm.jobs j
                      where j.tenant_id = i.tenant_id and j.kind = 'import' and j.subject_id = i.id
                        and j.state in ('ready', 'leased'));
  if not found then
    raise exception 'it is at work, or imported' using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  delete from crm.lead_import_chunks c where c.tenant_id = this_tenant and c.import_id = p_import;
end $$;
