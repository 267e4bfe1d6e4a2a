-- for: worker
-- Ends the undo, also of what was half written only: it counts what had been.
create or replace function app.finish_undo(p_import uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'undoing');
  counted record;
begin
  delete from crm.lead_import_chunks c where c.tenant_id = this_import.tenant_id and c.import_id = p_import;
  select count(*) filter (where r.makes_lead) as new_rows,
         count(*) filter (where r.status = 'done' and not r.makes_lead) as update_rows,
         count(*) filter (where r.status = 'duplicate') as duplicate_rows,
         count(*) filter (where r.status = 'error') as error_rows,
         count(*) filter (where r.status = 'kept') as kept_rows
    into counted
    from crm.lead_import_rows r where r.tenant_id = this_import.tenant_id and r.import_id = p_import;
  update crm.operations o
     set undone_at = now(), undone_by = app.actor(), subjects = counted.new_rows + counted.update_rows,
         refused = counted.kept_rows + (select count(*) from crm.operation_changes c
                                         where c.tenant_id = o.tenant_id and c.operation_id = o.id and c.outcome = 'refused')
   where o.tenant_id = this_import.tenant_id and o.id = this_import.operation_id;
  update crm.lead_imports i
     set state = 'undone', new_rows = counted.new_rows, update_rows = counted.update_rows,
         duplicate_rows = counted.duplicate_rows, error_rows = counted.error_rows, kept_rows = counted.kept_rows
   where i.tenant_id = this_import.tenant_id and i.id = p_import;
end $$;
