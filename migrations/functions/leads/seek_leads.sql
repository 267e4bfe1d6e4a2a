-- for: owner
-- The leads that a filter lets through, in the order wanted (a name, falling with - before it; the newest first
-- without one; any order will do for 'any'), from behind p_after on. This steps outside row security, whose caution
-- keeps words and tags from their indexes, and names the tenant itself. The statement is built anew each time: what a
-- filter finds differs by thousands, and so must its plan; but never by reading the rows of all tenants. Where
-- counting on costs little, all leads up to the cap, else no fewer than the limit where there are as many; whether
-- they are all that there are, up to the cap, it says too. Without the walk, words and tags are looked up in their
-- indexes at once.
create or replace function sec.seek_leads(
    p_tenant uuid, p_actor uuid, p_filter jsonb, p_sort text, p_after uuid, p_limit int, p_cap int, p_walks boolean,
    out ids uuid[], out are_all boolean)
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
as $$
declare
  -- How many leads are looked through before the index of words, or of tags, is asked: what 1 of 40, or of
  -- 10, leads has fills a page from them, and what is rarer is quickly read from the index.
  walk constant int := case when p_filter ->> 'q' is null then 500 else 2000 end;
  conditions text := sec.lead_conditions(p_tenant, p_actor, p_filter);
  contents constant text := sec.lead_contents(p_filter);
  expression constant text := sec.lead_order(p_sort);
  direction constant text := case when p_sort is null or starts_with(p_sort, '-') then 'desc' else 'asc' end;
  in_order text := format('order by %sl.id %s', expression || ' ' || direction || ', ', direction);
  walked int;
begin
  ids := '{}';
  are_all := true;
  if p_tenant is null then return; end if;
  if p_after is not null then
    conditions := conditions || case when expression is null
      then format(' and l.id %s %L::uuid', case direction when 'desc' then '<' else '>' end, p_after)
      else format(' and (%1$s, l.id) %2$s (select %1$s, l.id from crm.leads l where l.tenant_id = %3$L::uuid and l.id = %4$L::uuid)',
                  expression, case direction when 'desc' then '<' else '>' end, p_tenant, p_after) end;
  end if;
  if contents is not null and p_walks then
    execute format(
      'select count(*), coalesce(array_agg(l.id) filter (where %s), ''{}'')
         from (select l.id, l.search, l.tags from crm.leads l where %3$s %2$s limit %4$s) l',
      contents, in_order, conditions, walk) into walked, ids;
    are_all := walked < walk or cardinality(ids) >= p_cap;
    ids := ids[:p_cap];
    if are_all or cardinality(ids) >= p_limit then return; end if;
  end if;
  are_all := true;
  conditions := concat_ws(' and ', conditions, contents);
  if p_sort = 'any' then in_order := ''; end if;
  execute format('select array(select l.id from crm.leads l where %s %s limit %s)', conditions, in_order, p_cap)
    into ids;
end $$;
