-- for: web
-- Claims an idempotency key inside the caller's transaction. A second claim waits for the first
-- to end, then returns is_new = false and where the first one went. p_tenant is what app.enter found:
-- naming it orders the two in one statement.
create or replace function app.once(p_key uuid, p_tenant uuid) returns table (is_new boolean, location text)
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.idempotency_keys (tenant_id, user_id, key)
  values (p_tenant, app.actor(), p_key) on conflict do nothing;
  is_new := found;
  if not is_new then
    select k.location into location from crm.idempotency_keys k
     where k.tenant_id = p_tenant and k.user_id = app.actor() and k.key = p_key;
  end if;
  return next;
end $$;
