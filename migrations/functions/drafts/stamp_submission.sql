-- for: owner
-- Who submitted is whoever did it.
create or replace function app.stamp_submission() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.submitted_by := app.actor();
  return new;
end $$;

create or replace trigger stamp before insert on crm.draft_contents
  for each row execute function app.stamp_submission();
