-- for: web
-- The leads that a filter lets through; or, where words are searched for and nothing has them all, similar ones.
create or replace function app.find_leads(p_filter jsonb, p_sort text, p_after uuid, p_limit int)
  returns table (id uuid, is_similar boolean)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 50
as $$
declare
  ids constant uuid[] := sec.lead_ids(app.tenant(), app.actor(), p_filter, p_sort, p_after, least(p_limit, 50001));
begin
  if cardinality(ids) > 0 or p_after is not null or p_filter ->> 'q' is null then
    return query select f.id, false from unnest(ids) f (id);
  else
    return query select f.id, true from unnest(sec.similar_leads(app.tenant(), app.actor(), p_filter, least(p_limit, 101))) f (id);
  end if;
end $$;
