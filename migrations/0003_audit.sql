-- migrate:up
-- Who did what to which subject. Creates only.

create table crm.audit_log (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  -- Null for the system itself; actor_kind says which part.
  actor_id uuid,
  actor_kind text not null default 'operator' check (actor_kind in ('member', 'worker', 'operator')),
  action text not null,
  subject_type text not null,
  subject_id uuid not null,
  field text,
  old text,
  new text,
  request_id text,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint audit_log_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint audit_log_member check ((actor_kind = 'member') = (actor_id is not null))
);
create index audit_log_subject_idx on crm.audit_log (tenant_id, subject_id, id desc);
create index audit_log_actor_idx on crm.audit_log (tenant_id, actor_id, id desc);
call app.fence('crm.audit_log');
call app.make_append_only('crm.audit_log');
grant select, insert on crm.audit_log to closerflow_web, closerflow_worker;

-- A member cannot sign an audit row with a colleague's name.
create function app.stamp_audit() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.request_id := app.request_id();
  -- The sign-in role has no ticket yet; app.open_session, the only thing it can call, names the person.
  if session_user <> 'closerflow_sign_in' then
    new.actor_id := app.actor();
    new.actor_kind := case when new.actor_id is not null then 'member'
      when session_user = 'closerflow_worker' then 'worker' else 'operator' end;
  end if;
  return new;
end $$;
create trigger stamp before insert on crm.audit_log
  for each row execute function app.stamp_audit();

-- migrate:down
drop table crm.audit_log;
drop function app.stamp_audit();
