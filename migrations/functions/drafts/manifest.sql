-- for: web
-- What a draft's content is: the bytes that CRM/Drafts/Manifest.swift writes. The database compares, so
-- that nobody fixes a content whose sender, recipients or words are not the draft's own.
create or replace function app.manifest(p_draft crm.drafts) returns bytea
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select app.netstring('closerflow-manifest/1') || app.netstring(p_draft.type)
        || app.netstring(t.contact_name) || app.netstring(t.contact_email)
        || app.netstring(p_draft.subject) || app.netstring(p_draft.content_md)
        || app.netstring((select count(*) from crm.draft_recipients r
                           where r.tenant_id = p_draft.tenant_id and r.draft_id = p_draft.id)::text)
        || coalesce((
             select string_agg(app.netstring(r.kind) || app.netstring(r.contact_id::text)
                               || app.netstring(r.address) || app.netstring(coalesce(r.name, '')), ''::bytea
                      order by array_position(array['to', 'cc', 'bcc'], r.kind), r.address collate "C")
               from crm.draft_recipients r
              where r.tenant_id = p_draft.tenant_id and r.draft_id = p_draft.id), ''::bytea)
      from crm.tenants t where t.id = p_draft.tenant_id;
  end;
