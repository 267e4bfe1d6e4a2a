-- for: worker
-- Renews the leases of the jobs that a worker has in hand.
create or replace function app.renew_jobs(p_owner text, p_ids uuid[], p_tokens bigint[], p_lease interval) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.jobs j set lease_until = clock_timestamp() + p_lease
      from unnest(p_ids, p_tokens) held (id, token)
     where j.state = 'leased' and j.lease_owner = p_owner and j.lease_until > clock_timestamp()
       and j.id = held.id and j.lease_token = held.token;
  end;
