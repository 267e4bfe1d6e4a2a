-- for: worker
-- Drops the rows of earlier dry runs of an import that is being checked.
create or replace function app.drop_import_rows(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from crm.lead_import_rows r using crm.lead_imports i
     where i.tenant_id = app.tenant() and i.id = p_import and i.state = 'checking'
       and r.tenant_id = i.tenant_id and r.import_id = i.id and r.round <> i.round;
  end;
