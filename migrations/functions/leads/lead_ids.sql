-- for: owner
-- The leads that sec.seek_leads finds, and no more.
create or replace function sec.lead_ids(
    p_tenant uuid, p_actor uuid, p_filter jsonb, p_sort text, p_after uuid, p_limit int) returns uuid[]
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select f.ids from sec.seek_leads(p_tenant, p_actor, p_filter, p_sort, p_after, p_limit, p_limit, true) f;
  end;
