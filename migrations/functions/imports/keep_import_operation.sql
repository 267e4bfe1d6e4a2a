-- for: owner
-- What an import did is taken back by its own undo, in batches.
create or replace function app.keep_import_operation() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.lead_imports i
                  where i.tenant_id = new.tenant_id and i.operation_id = new.id and i.state = 'undoing') then
    raise exception 'an import is taken back on its own page' using errcode = 'CF409', constraint = 'operations_undone_once';
  end if;
  return new;
end $$;

create or replace trigger keep_import before update of undone_at on crm.operations
  for each row when (new.kind = 'import' and old.undone_at is null and new.undone_at is not null)
  execute function app.keep_import_operation();
