-- for: worker
-- Jobs of workers that are gone go on with another, or end where they ended too many. Returns how many.
create or replace function app.sweep_jobs() returns bigint
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    with ended as (
      update crm.jobs j
         set state = case when j.attempts >= j.max_attempts then 'failed' else 'ready' end,
             lease_until = null, last_error = 'The worker stopped',
             finished_at = case when j.attempts >= j.max_attempts then clock_timestamp() end
       where j.state = 'leased' and j.lease_until < clock_timestamp()
      returning 1)
    select count(*) from ended;
  end;
