-- for: owner
-- Fences a table by tenant: the restrictive policy is ANDed to everything the login roles do, so
-- that a stray permissive policy cannot widen it; the owner passes for migrations and for the few
-- SECURITY DEFINER functions, which name the tenant themselves.
create or replace procedure app.fence(target regclass, key name default 'tenant_id')
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format(
    'create policy fence on %s as restrictive to closerflow_web, closerflow_worker '
    'using (%2$I = (select app.tenant())) with check (%2$I = (select app.tenant()))', target, key);
  execute format('create policy web on %s to closerflow_web using (true) with check (true)', target);
  execute format('create policy worker on %s to closerflow_worker using (true) with check (true)', target);
  execute format('create policy own on %s to closerflow_owner using (true) with check (true)', target);
end $$;
