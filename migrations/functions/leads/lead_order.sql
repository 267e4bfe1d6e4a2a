-- for: owner
-- The expression that a list is sorted by; null for the time of capture, which the id tells.
create or replace function sec.lead_order(p_sort text) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  return case ltrim(p_sort, '-')
    when 'title' then 'app.fold(l.title)'
    when 'company' then 'coalesce(app.fold(l.company), '''')'
    when 'value' then 'coalesce(l.estimated_value, -1)'
    when 'score' then 'coalesce(l.score, -1::smallint)'
    when 'activity' then 'l.last_activity_at' end;
