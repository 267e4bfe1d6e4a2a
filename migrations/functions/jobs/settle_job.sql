-- for: worker
-- Changes a job whose lease this worker holds; raises CF409 otherwise. p_state: leased (how far it is),
-- done, ready (given back without counting the attempt) or failed (tried again later, while it may be).
create or replace function app.settle_job(p_tenant uuid, p_id uuid, p_token bigint, p_state text, p_done int, p_total int,
                               p_error text, p_is_final boolean)
  returns text
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  new_state text;
begin
  update crm.jobs j
     set state = case when p_state = 'failed' and not p_is_final and j.attempts < j.max_attempts then 'ready'
                      else p_state end,
         attempts = case when p_state = 'ready' then j.attempts - 1 else j.attempts end,
         done = coalesce(p_done, j.done), total = coalesce(p_total, j.total),
         last_error = left(p_error, 500),
         lease_until = case when p_state = 'leased' then j.lease_until end,
         run_at = case when p_state = 'failed'
           then clock_timestamp() + least(900, 5 * 2 ^ least(j.attempts - 1, 8)) * (0.5 + random() / 2) * interval '1 second'
           else j.run_at end,
         finished_at = case when p_state = 'done' or p_state = 'failed' and (p_is_final or j.attempts >= j.max_attempts)
                            then clock_timestamp() end
   where j.tenant_id = p_tenant and j.id = p_id and j.lease_token = p_token and j.state = 'leased'
     and p_state in ('leased', 'done', 'ready', 'failed')
  returning j.state into new_state;
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'jobs_lease';
  end if;
  return new_state;
end $$;
