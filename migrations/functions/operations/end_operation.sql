-- for: web, worker
-- Ends an operation, saying how many leads it changed; one that changed nothing is none.
create or replace function app.end_operation(p_id uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.operation_changes c where c.tenant_id = app.tenant() and c.operation_id = p_id) then
    raise exception 'nothing would change' using errcode = 'CF409', constraint = 'operations_changes_something';
  end if;
  update crm.operations o
     set subjects = (select count(distinct coalesce(c.of_lead_id, c.entity_id)) from crm.operation_changes c
                      where c.tenant_id = o.tenant_id and c.operation_id = o.id and c.entity <> 'contact')
   where o.tenant_id = app.tenant() and o.id = p_id and o.actor_id = app.actor() and o.undone_at is null;
  perform set_config('app.operation', '', true);
end $$;
