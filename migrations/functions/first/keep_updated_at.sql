-- for: owner
-- Keeps a table's updated_at.
create or replace procedure app.keep_updated_at(target regclass)
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('create trigger touch before update on %s '
                 'for each row execute function app.touch()', target);
end $$;
