-- for: worker
-- Leases the job that is due next, of a tenant chosen by chance among those that wait. The imports of a tenant take
-- turns.
create or replace function app.claim_job(p_kinds text[], p_owner text, p_lease interval)
  returns table (tenant_id uuid, id uuid, lease_token bigint, attempts int, kind text, subject_id uuid, params jsonb)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    with recursive waiting as (
      (select j.tenant_id from crm.jobs j where j.state = 'ready' order by j.tenant_id limit 1)
      union all
      select (select j.tenant_id from crm.jobs j
               where j.state = 'ready' and j.tenant_id > w.tenant_id order by j.tenant_id limit 1)
        from waiting w where w.tenant_id is not null
    ), picked as materialized (
      select x.tenant_id, x.id
        from (select w.tenant_id from waiting w where w.tenant_id is not null order by random()) t
       cross join lateral (
         select j.tenant_id, j.id from crm.jobs j
          where j.tenant_id = t.tenant_id and j.state = 'ready' and j.run_at <= now() and j.kind = any (p_kinds)
            and not (j.kind = 'import' and exists (
              select from crm.jobs o where o.tenant_id = j.tenant_id and o.kind = 'import' and o.state = 'leased'))
          order by j.run_at, j.id limit 1 for update of j skip locked) x
       limit 1
    )
    update crm.jobs j
       set state = 'leased', attempts = j.attempts + 1, lease_token = j.lease_token + 1,
           lease_owner = p_owner, lease_until = clock_timestamp() + p_lease
      from picked p
     where j.tenant_id = p.tenant_id and j.id = p.id and j.state = 'ready'
    returning j.tenant_id, j.id, j.lease_token, j.attempts, j.kind, j.subject_id, j.params;
exception when unique_violation then
  -- Another worker took the tenant's other import at this very moment.
  return;
end $$;
