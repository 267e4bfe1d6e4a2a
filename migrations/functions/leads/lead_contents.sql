-- for: owner
-- The predicate of a filter's words and tag; null without any. Their operators are not leakproof: row security
-- keeps what is known of the data from the planner, which takes every word for a rare one.
create or replace function sec.lead_contents(p_filter jsonb) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
  return nullif(concat_ws(' and ',
    case when p_filter ->> 'tag' is not null then format('l.tags @> array[%L]', p_filter ->> 'tag') end,
    sec.has_words('l.search', p_filter ->> 'q')), '');
