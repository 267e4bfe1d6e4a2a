-- for: worker
-- Forgets files that somebody threw away, whose columns nobody gave a meaning within three days of their upload, or that
-- nobody imported within thirty; a slice of one at a time.
create or replace function app.forget_imports() returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    with forgotten as materialized (
      select i.tenant_id, i.id from crm.lead_imports i
       where i.state = 'discarded' or i.state = 'mapping' and i.created_at < now() - interval '3 days'
          or i.state in ('checking', 'checked') and i.created_at < now() - interval '30 days'
       order by random() limit 1 for update skip locked
    ), chunks as (
      delete from crm.lead_import_chunks c using forgotten f where c.tenant_id = f.tenant_id and c.import_id = f.id
    ), slice as materialized (
      select r.tenant_id, r.import_id, r.line from crm.lead_import_rows r
        join forgotten f on r.tenant_id = f.tenant_id and r.import_id = f.id
       order by r.line limit 20000
    ), lines as (
      delete from crm.lead_import_rows r using slice s
       where r.tenant_id = s.tenant_id and r.import_id = s.import_id and r.line = s.line
    )
    delete from crm.lead_imports i using forgotten f
     where i.tenant_id = f.tenant_id and i.id = f.id and (select count(*) from slice) < 20000;
  end;
