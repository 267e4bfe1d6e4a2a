-- for: worker
-- It did not arrive, for certain. p_phase: refused or not_sent (tried again, later each time), dead
-- or blocked (not tried again by the machine), uncertain (nobody knows). Returns the new state.
create or replace function app.fail_delivery(p_id uuid, p_token bigint, p_phase text, p_error text) returns text
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  new_state text;
begin
  update crm.deliveries
     set state = case
           when p_phase in ('dead', 'blocked', 'uncertain') then p_phase
           when attempts >= max_attempts then 'dead' else 'ready' end,
         last_error = left(p_error, 500), lease_until = null,
         finished_at = case when p_phase = 'dead' or attempts >= max_attempts then clock_timestamp() end,
         -- 15 s doubling to 6 h; half of it at random, so that an outage is not followed by a stampede
         run_at = clock_timestamp() + least(21600, 15 * 2 ^ least(attempts - 1, 12)) * (0.5 + random() / 2) * interval '1 second'
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token
     and (state = 'leased' and p_phase <> 'uncertain' or state = 'committing' and p_phase <> 'blocked')
  returning state into new_state;
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, p_phase, p_error);
  return new_state;
end $$;
