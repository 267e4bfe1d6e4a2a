-- for: web
-- Resolves a session to tenant, person and roles, checks the permission (null asks for none) and sets the context
-- for this transaction: the ticket, and the time zone that times are written in. Raises CF401 (no such session) or
-- CF403 (not permitted). With counts, also what waits for the person and what they were told and have not read, at
-- most 501 each; here, because the owner counts without asking for the ticket again.
create or replace function app.enter(p_token_hash bytea, p_permission text, p_request text, p_with_counts boolean)
  returns table (
    tenant_id uuid, user_id uuid, roles text[], name text, tenant_name text, locale text,
    currency text, entered_at timestamptz, is_touch_due boolean, waiting_drafts bigint,
    still_deliveries bigint, unread_notifications bigint)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
begin
  select s.tenant_id, s.user_id, m.roles, m.display_name, t.name, coalesce(u.locale, t.locale),
         t.currency, now(), s.touched_at < now() - interval '1 minute', t.timezone
    into tenant_id, user_id, roles, name, tenant_name, locale, currency, entered_at, is_touch_due, zone
    from sec.sessions s
    join crm.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
    join crm.tenants t on t.id = s.tenant_id
    join sec.users u on u.id = s.user_id
   where s.token_hash = p_token_hash
     and s.expires_at > now() and s.idle_expires_at > now()
     and m.disabled_at is null and u.disabled_at is null;
  if not found then
    raise exception 'no such session' using errcode = 'CF401';
  end if;
  if p_permission is not null and not exists (
      select from app.role_permissions p where p.permission = p_permission and p.role = any (enter.roles)) then
    raise exception 'not permitted: %', p_permission using errcode = 'CF403';
  end if;
  perform set_config('app.ticket', encode(p_token_hash, 'hex'), true),
          set_config('TimeZone', zone, true),
          set_config('app.request', coalesce(p_request, ''), true);
  if p_with_counts then
    select count(*) into waiting_drafts from (
      select from crm.drafts d
       where d.tenant_id = enter.tenant_id and d.status = 'under_review'
         and enter.user_id not in (d.author_id, d.last_editor_id) limit 501) w;
    select count(*) into still_deliveries from (
      select from crm.deliveries x
       where x.tenant_id = enter.tenant_id and x.state in ('uncertain', 'blocked', 'dead') limit 501) s;
    select count(*) into unread_notifications from (
      select from crm.notifications n
       where n.tenant_id = enter.tenant_id and n.user_id = enter.user_id and n.read_at is null limit 501) u;
  end if;
  return next;
end $$;
