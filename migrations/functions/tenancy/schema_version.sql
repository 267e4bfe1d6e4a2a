-- for: web, worker
-- The newest migration applied; /readyz and `closerflow check` report it.
create or replace function app.schema_version() returns text
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select max(version) from public.schema_migrations;
  end;
