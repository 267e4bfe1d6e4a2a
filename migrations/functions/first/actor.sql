-- for: web, worker
-- Who acts in this transaction: the person of the session, or who asked for the job; a delivery acts for nobody.
create or replace function app.actor() returns uuid
  language plpgsql stable parallel safe security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  ticket constant text := current_setting('app.ticket', true);
  resolved uuid;
begin
  if session_user = 'closerflow_web' then
    select s.user_id into resolved from sec.sessions s
     where s.token_hash = decode(ticket, 'hex') and s.expires_at > now() and s.idle_expires_at > now();
  elsif session_user = 'closerflow_worker' then
    if starts_with(ticket, 'job/') then
      select j.requested_by into resolved from crm.jobs j
       where j.tenant_id = app.tenant() and j.id = nullif(split_part(ticket, '/', 3), '')::uuid;
    end if;
  else
    resolved := nullif(current_setting('app.actor', true), '')::uuid;
  end if;
  return resolved;
end $$;
