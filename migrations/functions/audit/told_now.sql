-- for: owner
-- True when this transaction has recorded such an event: what the deferred checks ask.
create or replace function app.told_now(p_tenant uuid, p_type text, p_key_suffix text) returns boolean
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.outbox_events e
                    where e.tenant_id = p_tenant
                      and e.dedupe_key = p_tenant || ':' || p_type || '.v1:' || p_key_suffix
                      and e.txid = pg_current_xact_id());
  end;
