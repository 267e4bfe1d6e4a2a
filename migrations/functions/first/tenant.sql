-- for: web, worker
-- Whose transaction this is. The app.enter… functions put a ticket into a setting that lives as long as the
-- transaction; this and app.actor resolve it, so that a role which could run any SQL still cannot name a tenant or a
-- person it holds no ticket for. The web's ticket is the hash of a session's token; the worker's is a delivery or a
-- job that it has leased, and ends with it: once that is settled, only the transaction that settled it is still in
-- the tenant. Other roles (the owner's commands) say plainly whom they act for. After the transaction the setting
-- reads '' on that connection, not NULL. docs/decisions/0005-tenant-context.md has the cost.
create or replace function app.tenant() returns uuid
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  ticket constant text := current_setting('app.ticket', true);
  resolved uuid;
begin
  if session_user = 'closerflow_web' then
    select s.tenant_id into resolved from sec.sessions s
     where s.token_hash = decode(ticket, 'hex') and s.expires_at > now() and s.idle_expires_at > now();
  elsif session_user = 'closerflow_worker' then
    if starts_with(ticket, 'job/') then
      select j.tenant_id into resolved from crm.jobs j
       where j.tenant_id = nullif(split_part(ticket, '/', 2), '')::uuid
         and j.id = nullif(split_part(ticket, '/', 3), '')::uuid
         and j.lease_token = nullif(split_part(ticket, '/', 4), '')::bigint
         and (j.state = 'leased' or j.xmin = pg_current_xact_id_if_assigned()::xid);
    else
      select d.tenant_id into resolved from crm.deliveries d
       where d.tenant_id = nullif(split_part(ticket, '/', 1), '')::uuid
         and d.id = nullif(split_part(ticket, '/', 2), '')::uuid
         and d.lease_token = nullif(split_part(ticket, '/', 3), '')::bigint
         and (d.state in ('leased', 'committing', 'uncertain') or d.xmin = pg_current_xact_id_if_assigned()::xid);
    end if;
  else
    resolved := nullif(current_setting('app.tenant', true), '')::uuid;
  end if;
  return resolved;
end $$;
