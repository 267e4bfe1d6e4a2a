-- for: web
-- How many leads a filter lets through, similar ones aside; no more than p_cap are counted.
create or replace function app.count_leads(p_filter jsonb, p_cap int) returns bigint
  language plpgsql stable security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return cardinality(sec.lead_ids(app.tenant(), app.actor(), p_filter, 'any', null, p_cap));
end $$;
