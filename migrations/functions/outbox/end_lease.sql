-- for: worker
-- Ends one of these leases, as it was seen. Before the mark nothing left, so it is tried again;
-- after it nobody knows, so a person decides. Raises CF409 when somebody else was quicker.
create or replace function app.end_lease(p_id uuid, p_token bigint, p_is_marked boolean) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  new_state text;
begin
  update crm.deliveries
     set state = case when p_is_marked then 'uncertain' when attempts >= max_attempts then 'dead' else 'ready' end,
         last_error = case when p_is_marked then 'The worker stopped while the mail was being handed over'
                           else 'The worker stopped before the mail left' end,
         lease_until = null
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token
     and state = case when p_is_marked then 'committing' else 'leased' end
     and lease_until < clock_timestamp()
  returning state into new_state;
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token,
                          case when new_state = 'uncertain' then 'uncertain' else 'lease_ended' end, null);
end $$;
