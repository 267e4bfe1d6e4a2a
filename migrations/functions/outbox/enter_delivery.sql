-- for: worker
-- Enters the tenant of a delivery this worker holds; raises CF409 when the lease is gone.
create or replace function app.enter_delivery(p_tenant uuid, p_id uuid, p_token bigint) returns uuid
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.deliveries d where d.tenant_id = p_tenant and d.id = p_id
                   and d.lease_token = p_token and d.state in ('leased', 'committing', 'uncertain')) then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform set_config('app.ticket', concat_ws('/', p_tenant, p_id, p_token), true);
  return p_tenant;
end $$;
