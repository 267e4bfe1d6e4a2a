-- for: worker
-- Judges the rows that are not settled.
create or replace function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select sec.judge_rows(p_import, p_from, p_to, array['read', 'new', 'update']);
  end;
