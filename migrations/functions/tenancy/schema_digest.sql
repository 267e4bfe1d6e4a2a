-- for: web, worker
-- One hash of all functions that stand in the database, by the texts that made them: what a release compares with its
-- own. Names that are gone do not count.
create or replace function app.schema_digest() returns text
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select encode(sha256(convert_to(
             string_agg(f.name || ' ' || encode(f.sha256, 'hex') || chr(10), '' order by f.name collate "C"), 'UTF8')), 'hex')
      from (select distinct on (n.name) n.name, n.sha256 from public.schema_functions n order by n.name, n.id desc) f
     where exists (select from pg_proc p join pg_namespace s on s.oid = p.pronamespace
                    where p.proname = f.name and s.nspname in ('app', 'sec'));
  end;
