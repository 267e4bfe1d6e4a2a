-- for: owner
-- History and timeline rows say who really acted, and when. Who acts is looked up once a row; a function of the
-- owner's that writes many rows has looked already, and says so. The login roles cannot: inside their own statements
-- they are not the owner.
create or replace function app.stamp_actor() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  if current_user <> 'closerflow_owner' or new.actor_id is null then
    new.actor_id := app.actor();
  end if;
  return new;
end $$;
