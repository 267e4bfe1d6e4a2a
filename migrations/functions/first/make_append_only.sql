-- for: owner
-- Makes a table keep every row as it was written.
create or replace procedure app.make_append_only(target regclass)
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('create trigger immutable before update or delete on %s '
                 'for each row execute function app.refuse_change()', target);
  execute format('create trigger no_truncate before truncate on %s '
                 'for each statement execute function app.refuse_change()', target);
  execute format('alter table %s enable always trigger immutable', target);
  execute format('alter table %s enable always trigger no_truncate', target);
end $$;
