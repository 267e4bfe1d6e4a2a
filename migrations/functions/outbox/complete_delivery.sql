-- for: worker
-- The other side has it. Fenced by the token; a late but true answer still settles a doubtful row.
create or replace function app.complete_delivery(p_id uuid, p_token bigint, p_external text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.deliveries
     set state = 'sent', external_message_id = p_external, lease_until = null, last_error = null,
         finished_at = clock_timestamp()
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token and state in ('committing', 'uncertain');
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, 'sent', p_external);
  perform sec.settle_draft(app.tenant(), p_id);
end $$;
