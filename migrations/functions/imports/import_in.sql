-- for: owner
-- Locks the import in the state that this step belongs to, or raises.
create or replace function sec.import_in(p_import uuid, p_state text) returns crm.lead_imports
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import crm.lead_imports;
begin
  select * into this_import from crm.lead_imports i
   where i.tenant_id = app.tenant() and i.id = p_import for no key update;
  if not found or this_import.state <> p_state then
    raise exception 'the import is not %', p_state using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  return this_import;
end $$;
