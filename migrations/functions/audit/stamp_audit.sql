-- for: owner
-- A member cannot sign an audit row with a colleague's name. A function of the owner's that writes many rows has
-- looked already who acts.
create or replace function app.stamp_audit() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.request_id := app.request_id();
  -- The sign-in role has no ticket yet; app.open_session, the only thing it can call, names the person.
  if session_user <> 'closerflow_sign_in' and (current_user <> 'closerflow_owner' or new.actor_id is null) then
    new.actor_id := app.actor();
    new.actor_kind := case when new.actor_id is not null then 'member'
      when session_user = 'closerflow_worker' then 'worker' else 'operator' end;
  end if;
  return new;
end $$;

create or replace trigger stamp before insert on crm.audit_log
  for each row execute function app.stamp_audit();
