-- for: web, worker
-- Whether the person this transaction acts for may do something.
create or replace function app.may(p_permission text) returns boolean
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (
      select from crm.memberships m join app.role_permissions p on p.role = any (m.roles)
       where m.tenant_id = app.tenant() and m.user_id = app.actor() and m.disabled_at is null
         and p.permission = p_permission);
  end;
