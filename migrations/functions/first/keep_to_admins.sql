-- for: owner
-- What is an admin's to change, whatever a page of the site lets through.
create or replace function app.keep_to_admins() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if session_user = 'closerflow_web' and not app.may('administer') then
    raise exception 'not permitted: administer' using errcode = 'CF403', constraint = 'administered';
  end if;
  return new;
end $$;
