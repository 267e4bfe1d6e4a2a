-- for: worker
-- Renews what the worker really has in hand: a delivery that a living worker lost sight of is not renewed for ever.
create or replace function app.renew_leases(p_owner text, p_ids uuid[], p_tokens bigint[], p_lease interval) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.deliveries d set lease_until = clock_timestamp() + p_lease
      from unnest(p_ids, p_tokens) held (id, token)
     where d.state in ('leased', 'committing') and d.lease_owner = p_owner and d.lease_until > clock_timestamp()
       and d.id = held.id and d.lease_token = held.token;
  end;
