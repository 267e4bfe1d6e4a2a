-- for: owner
-- A missing grant is not enough: owners, cascades and TRUNCATE get round it.
create or replace function app.refuse_change() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'CF001';
end $$;
