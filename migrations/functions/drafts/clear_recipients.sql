-- for: web
-- Takes all recipients off a draft of this tenant; app.keep_recipients says when that may be.
create or replace function app.clear_recipients(p_draft uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from crm.draft_recipients r where r.tenant_id = app.tenant() and r.draft_id = p_draft;
  end;
