-- for: worker
-- Leases up to p_limit deliveries, fair over tenants, the oldest version of each document first.
-- Attempts are counted here, so that a delivery that kills its worker ends as well.
create or replace function app.claim_deliveries(p_owner text, p_limit int, p_per_tenant int, p_lease interval)
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int)
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    with recursive waiting as (
      (select d.tenant_id from crm.deliveries d where d.state = 'ready' order by d.tenant_id limit 1)
      union all
      select (select d.tenant_id from crm.deliveries d
               where d.state = 'ready' and d.tenant_id > w.tenant_id order by d.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    ), picked as materialized (
      select x.tenant_id, x.id
        from (select w.tenant_id from waiting w where w.tenant_id is not null order by random()) t
       cross join lateral (
         select d.tenant_id, d.id from crm.deliveries d
          where d.tenant_id = t.tenant_id and d.state = 'ready' and d.run_at <= now()
            and not exists (
              select from crm.deliveries e
               where e.tenant_id = d.tenant_id and e.order_key = d.order_key and e.order_seq < d.order_seq
                 and e.state not in ('sent', 'cancelled'))
          order by d.run_at, d.id limit p_per_tenant for update of d skip locked) x
       limit p_limit
    )
    update crm.deliveries d
       set state = 'leased', attempts = d.attempts + 1, lease_token = d.lease_token + 1,
           lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
      from picked p
     where d.tenant_id = p.tenant_id and d.id = p.id and d.state = 'ready'
    returning d.tenant_id, d.id, d.lease_token, d.attempts;
  end;
