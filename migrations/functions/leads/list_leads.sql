-- for: web
-- The leads of a page of a list as app.find_leads finds them, and how many there are on all its pages, similar ones
-- aside: no more than p_cap are counted.
create or replace function app.list_leads(p_filter jsonb, p_sort text, p_after uuid, p_limit int, p_cap int)
  returns table (id uuid, is_similar boolean, total int)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 50
as $$
declare
  this_tenant constant uuid := app.tenant();
  page constant int := least(p_limit, 101);
  cap constant int := greatest(page, least(p_cap, 10001));
  has_contents constant boolean := sec.lead_contents(p_filter) is not null;
  ids uuid[];
  are_all boolean;
begin
  select f.ids, f.are_all into ids, are_all
    from sec.seek_leads(this_tenant, app.actor(), p_filter, p_sort, p_after, page,
                        -- In another order than they are found in, a page is found sooner than all.
                        case when p_after is null and has_contents then cap else page end, true) f;
  if cardinality(ids) = 0 and p_after is null and p_filter ->> 'q' is not null then
    return query select f.id, true, 0 from unnest(sec.similar_leads(this_tenant, app.actor(), p_filter, page)) f (id);
    return;
  end if;
  if p_after is null and (cardinality(ids) < page or has_contents and are_all) then
    total := cardinality(ids);
  elsif p_cap > 0 then
    select cardinality(f.ids) into total
      from sec.seek_leads(this_tenant, app.actor(), p_filter, 'any', null, cap, cap, not (p_after is null and has_contents)) f;
  end if;
  return query select f.id, false, list_leads.total from unnest(ids[:page]) f (id);
end $$;
