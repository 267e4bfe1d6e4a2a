-- for: web, worker
-- Whether this transaction holds such a decision on a draft.
create or replace function app.is_decided(p_tenant uuid, p_draft uuid, p_decision text) returns boolean
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.approvals a
                    where a.tenant_id = p_tenant and a.draft_id = p_draft and a.decision = p_decision
                      and a.txid = pg_current_xact_id());
  end;
