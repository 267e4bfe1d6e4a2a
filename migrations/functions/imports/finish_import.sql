-- for: worker
-- Ends the writing. The file is not needed any more; its rows stay.
create or replace function app.finish_import(p_import uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
begin
  delete from crm.lead_import_chunks c where c.tenant_id = this_import.tenant_id and c.import_id = p_import;
  update crm.lead_imports i
     set state = 'done', committed_at = now(), new_rows = c.new_rows, update_rows = c.update_rows,
         duplicate_rows = c.duplicate_rows, error_rows = c.error_rows
    from (select count(*) filter (where r.status = 'done' and r.makes_lead) as new_rows,
                 count(*) filter (where r.status = 'done' and not r.makes_lead) as update_rows,
                 count(*) filter (where r.status = 'duplicate') as duplicate_rows,
                 count(*) filter (where r.status = 'error') as error_rows
            from crm.lead_import_rows r where r.tenant_id = this_import.tenant_id and r.import_id = p_import) c
   where i.tenant_id = this_import.tenant_id and i.id = p_import;
  update crm.operations o set subjects = (
      select i.new_rows + i.update_rows from crm.lead_imports i where i.tenant_id = this_import.tenant_id and i.id = p_import)
   where o.tenant_id = this_import.tenant_id and o.id = this_import.operation_id;
  -- The owners are told once, however many they were given.
  insert into crm.notifications (tenant_id, id, user_id, kind, subject_id, count)
  select this_import.tenant_id, app.new_id(), a.to_user, 'assigned', this_import.operation_id, count(*)
    from crm.lead_import_rows r
   -- By key, row by row: a join would be planned for the one row that the planner takes a new file for.
   cross join lateral (select x.to_user from crm.lead_assignments x
                        where x.tenant_id = r.tenant_id and x.id = r.lead_id limit 1) a
   where r.tenant_id = this_import.tenant_id and r.import_id = p_import and r.status = 'done' and r.makes_lead
     and a.to_user <> (select app.actor())
   group by a.to_user;
end $$;
