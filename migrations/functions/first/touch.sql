-- for: owner
-- When a row was last changed is the database's to say.
create or replace function app.touch() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := now();
  return new;
end $$;
