-- for: worker
-- Deliveries whose worker is gone; any of them, so that none that cannot be ended stands before the others for ever.
create or replace function app.ended_leases()
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int, is_marked boolean)
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select d.tenant_id, d.id, d.lease_token, d.attempts, d.state = 'committing' from crm.deliveries d
     where d.state in ('leased', 'committing') and d.lease_until < clock_timestamp()
     order by random() limit 500;
  end;
