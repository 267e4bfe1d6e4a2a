-- for: owner
-- Who related two leads, or took that back, is whoever did it.
create or replace function app.keep_relationship() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.created_by := app.actor();
    new.created_at := now();
  elsif old.removed_at is not null then
    raise exception 'a removed relationship stays removed' using errcode = 'CF004', constraint = 'lead_relationships_removed';
  else
    new.removed_at := now();
    new.removed_by := app.actor();
  end if;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.lead_relationships
  for each row execute function app.keep_relationship();
