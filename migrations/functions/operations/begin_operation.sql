-- for: web, worker
-- Begins an operation: until this transaction ends, what it changes of leads, contacts and their links is
-- written to operation_changes by triggers, so that nothing of it can be forgotten.
create or replace function app.begin_operation(p_id uuid, p_kind text, p_action text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.operations (tenant_id, id, kind, action, actor_id)
  values (app.tenant(), p_id, p_kind, p_action, app.actor());
  perform set_config('app.operation', p_id::text, true);
end $$;
