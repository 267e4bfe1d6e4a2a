-- for: web, worker
-- For /metrics: counts over all tenants, no tenant's name.
create or replace function app.outbox_gauge() returns table (state text, deliveries bigint, oldest_seconds float8)
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select d.state, count(*), extract(epoch from now() - min(d.run_at))::float8
      from crm.deliveries d where d.state not in ('sent', 'cancelled') group by d.state;
  end;
