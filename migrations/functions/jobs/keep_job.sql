-- for: owner
-- Who asked is whoever acts.
create or replace function app.keep_job() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.requested_by := app.actor();
  return new;
end $$;

create or replace trigger keep before insert on crm.jobs for each row execute function app.keep_job();
