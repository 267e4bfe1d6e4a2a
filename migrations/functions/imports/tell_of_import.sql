-- for: owner
-- Whoever asked for a step of an import is told how it ended, in the transaction that ends it.
create or replace function app.tell_of_import() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.notifications (tenant_id, id, user_id, kind, subject_id, count)
  select new.tenant_id, app.new_id(), new.requested_by,
         case when new.state = 'failed' then 'import_failed' else 'import_' || i.state end, i.id, i.new_rows + i.update_rows
    from crm.lead_imports i
   where i.tenant_id = new.tenant_id and i.id = new.subject_id
     and (new.state = 'failed' or i.state in ('checked', 'done', 'undone'));
  return null;
end $$;

create or replace trigger tell_of_import after update of state on crm.jobs
  for each row when (new.kind = 'import' and old.state <> new.state and new.state in ('done', 'failed'))
  execute function app.tell_of_import();
