-- for: owner
-- Who put an entry there or took it off is whoever did it; a removed entry stays removed. The lock puts
-- an entry made while a mail to its address is leaving before or after that mail's mark.
create or replace function app.keep_dnc_entry() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform pg_advisory_xact_lock(hashtextextended(new.tenant_id || new.address, 14));
    new.created_by := app.actor();
    new.created_at := now();
  elsif old.removed_at is not null then
    raise exception 'a removed entry stays removed' using errcode = 'CF004', constraint = 'dnc_entries_removed';
  else
    new.removed_at := now();
    new.removed_by := app.actor();
  end if;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.dnc_entries
  for each row execute function app.keep_dnc_entry();
