-- for: owner
-- The pieces of a file are no more than it said it has: the quota counts by what was said.
create or replace function app.keep_to_import_bytes() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from (select distinct n.tenant_id, n.import_id from new_rows n) n
      join crm.lead_imports i on i.tenant_id = n.tenant_id and i.id = n.import_id
     where i.bytes < (select sum(octet_length(c.bytes)) from crm.lead_import_chunks c
                       where c.tenant_id = n.tenant_id and c.import_id = n.import_id))
  then
    raise exception 'more than the file has' using errcode = 'check_violation', constraint = 'lead_import_chunks_bytes';
  end if;
  return null;
end $$;
create or replace trigger keep_to_bytes after insert on crm.lead_import_chunks
  referencing new table as new_rows for each statement execute function app.keep_to_import_bytes();
