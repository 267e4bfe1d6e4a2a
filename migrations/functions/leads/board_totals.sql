-- for: web
-- How many leads stand in a column, and what they are worth together, tests aside; no more than p_cap are
-- looked at.
create or replace function app.board_totals(p_filter jsonb, p_cap int)
  returns table (stage text, leads bigint, value bigint)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 4
as $$
declare
  shown constant jsonb := p_filter || '{"stage": null, "outcome": "open", "life": "active", "test": "no"}';
  cap constant int := least(p_cap, 20001);
  this_tenant constant uuid := app.tenant();
  found_ids uuid[];
begin
  if this_tenant is null then return; end if;
  if sec.lead_contents(shown) is not null then
    found_ids := sec.lead_ids(this_tenant, app.actor(), shown, 'any', null, cap + 1);
    return query
      select s.stage,
             case when cardinality(found_ids) > cap then greatest(count(l.id), cap + 1) else count(l.id) end,
             coalesce(sum(l.estimated_value), 0)::bigint
        from unnest(array['new', 'discovery', 'proposal', 'decision']) s (stage)
        left join crm.leads l on l.tenant_id = this_tenant and l.id = any (found_ids) and l.stage = s.stage
       group by s.stage;
    return;
  end if;
  foreach stage in array array['new', 'discovery', 'proposal', 'decision'] loop
    execute format(
      'select count(*), coalesce(sum(x.estimated_value), 0)::bigint from (
         select l.estimated_value from crm.leads l where %s limit %s) x',
      sec.lead_conditions(this_tenant, app.actor(), shown || jsonb_build_object('stage', stage)), cap)
      into leads, value;
    return next;
  end loop;
end $$;
