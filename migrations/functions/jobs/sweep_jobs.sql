-- for: worker
-- Jobs of workers that are gone go on with another, or end where they ended too many. Each is settled by itself: one
-- whose end cannot be told keeps nobody else's waiting, and is tried again an hour later. Returns how many were settled.
create or replace function app.sweep_jobs() returns bigint
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  gone record;
  swept bigint := 0;
begin
  for gone in
    select j.tenant_id, j.id, j.attempts >= j.max_attempts as is_last from crm.jobs j
     where j.state = 'leased' and j.lease_until < clock_timestamp()
     order by j.lease_until limit 500 for update skip locked
  loop
    begin
      update crm.jobs j
         set state = case when gone.is_last then 'failed' else 'ready' end, lease_until = null,
             last_error = 'The worker stopped', finished_at = case when gone.is_last then clock_timestamp() end
       where j.tenant_id = gone.tenant_id and j.id = gone.id;
      swept := swept + 1;
    exception when others then
      raise warning 'job % cannot be settled: % (%)', gone.id, sqlerrm, sqlstate;
      update crm.jobs j set lease_until = clock_timestamp() + interval '1 hour'
       where j.tenant_id = gone.tenant_id and j.id = gone.id;
    end;
  end loop;
  return swept;
end $$;
