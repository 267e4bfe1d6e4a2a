-- for: owner
-- Somebody else is told, by whoever acts.
create or replace function app.keep_notification() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.actor_id := app.actor();
  return new;
end $$;

create or replace trigger keep before insert on crm.notifications for each row execute function app.keep_notification();
