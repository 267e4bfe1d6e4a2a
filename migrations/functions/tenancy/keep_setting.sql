-- for: owner
-- Settings are an admin's; what one may change alone is listed here.
create or replace function app.keep_setting() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Self-approval weakens the review: it is set at the machine, not on a page.
  if session_user = 'closerflow_web' and (new.key = 'self_approval' or not app.may('administer')) then
    raise exception 'not permitted: administer' using errcode = 'CF403', constraint = 'tenant_settings_admin';
  end if;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.tenant_settings for each row execute function app.keep_setting();
