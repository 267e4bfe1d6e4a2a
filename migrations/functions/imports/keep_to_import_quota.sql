-- for: owner
-- Files that wait to be imported take room: of one member ten, and 128 MiB together; of a tenant 512 MiB. One upload
-- of a tenant is judged behind the other.
create or replace function app.keep_to_import_quota() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  own_files bigint;
  own_bytes bigint;
  all_bytes bigint;
begin
  perform from crm.tenants t where t.id = new.tenant_id for no key update;
  select count(*) filter (where i.created_by = new.created_by),
         coalesce(sum(i.bytes) filter (where i.created_by = new.created_by), 0), coalesce(sum(i.bytes), 0)
    into own_files, own_bytes, all_bytes
    from crm.lead_imports i
   where i.tenant_id = new.tenant_id and i.state in ('mapping', 'checking', 'checked');
  if own_files >= 10 or own_bytes + new.bytes > 128 << 20 or all_bytes + new.bytes > 512 << 20 then
    raise exception 'too many files wait to be imported' using errcode = 'CF429', constraint = 'lead_imports_quota';
  end if;
  return new;
end $$;
create or replace trigger keep_to_quota before insert on crm.lead_imports
  for each row execute function app.keep_to_import_quota();
