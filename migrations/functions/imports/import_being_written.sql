-- for: owner
-- The import, or raises where it is not being written. Several connections may write it: its state does not change
-- while its job is leased.
create or replace function sec.import_being_written(p_import uuid) returns crm.lead_imports
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import crm.lead_imports;
begin
  select * into this_import from crm.lead_imports i where i.tenant_id = app.tenant() and i.id = p_import for key share;
  if not found or this_import.state <> 'committing' then
    raise exception 'the import is not committing' using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  return this_import;
end $$;
