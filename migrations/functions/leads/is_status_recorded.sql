-- for: owner
-- Whether this transaction has recorded such a change.
create or replace function app.is_status_recorded(p_tenant uuid, p_lead uuid, p_axis text, p_from text, p_to text)
  returns boolean
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.lead_status_history h
                    where h.tenant_id = p_tenant and h.lead_id = p_lead and h.txid = pg_current_xact_id()
                      and h.axis = p_axis and h.from_value = p_from and h.to_value = p_to);
  end;
