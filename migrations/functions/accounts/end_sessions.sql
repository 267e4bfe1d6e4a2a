-- for: owner
-- Who is disabled is signed out, in the same transaction: a ticket of theirs resolves to nothing. That none begins
-- meanwhile is the key's to keep (sessions_member_fkey).
create or replace function app.end_sessions() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  delete from sec.sessions s where s.tenant_id = new.tenant_id and s.user_id = new.user_id;
  return new;
end $$;

create or replace trigger end_sessions before update of disabled_at on crm.memberships
  for each row when (new.disabled_at is not null and old.disabled_at is null) execute function app.end_sessions();
