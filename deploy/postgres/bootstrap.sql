-- What only a superuser may do, once a database: roles, extensions, schemas' owner, search paths.
--
--   psql -d closerflow -f deploy/postgres/bootstrap.sql
--
-- Safe to repeat. Everything else is a migration, run by closerflow_migrate as closerflow_owner.
-- Passwords are not set here: give the login roles one (\password closerflow_web) where the
-- server asks for it. The superuser must not be called crm, app or sec: "$user" schemas.
\set ON_ERROR_STOP on
begin;

do $$
declare
  login text;
begin
  if not exists (select from pg_roles where rolname = 'closerflow_owner') then
    create role closerflow_owner nologin;
  end if;
  foreach login in array array['closerflow_migrate', 'closerflow_web', 'closerflow_sign_in', 'closerflow_worker'] loop
    if not exists (select from pg_roles where rolname = login) then
      execute format('create role %I login', login);
    end if;
    execute format('alter role %I nosuperuser nobypassrls nocreatedb nocreaterole noreplication', login);
  end loop;
end $$;

-- The migrator becomes the owner on purpose only (set role), never by inheritance.
grant closerflow_owner to closerflow_migrate with inherit false, set true;

create schema if not exists extensions;
create extension if not exists vector with schema extensions;
create extension if not exists pg_trgm with schema extensions;
create extension if not exists btree_gin with schema extensions;
grant usage on schema extensions to public;

do $$
declare
  db text := current_database();
  login text;
begin
  execute format('revoke all on database %I from public', db);
  execute format('grant create on database %I to closerflow_owner', db);
  execute format('alter role closerflow_migrate in database %I set search_path = crm, app, sec, extensions', db);
  execute format('alter role closerflow_migrate in database %I set lock_timeout = ''4s''', db);
  foreach login in array array['closerflow_migrate', 'closerflow_web', 'closerflow_sign_in', 'closerflow_worker'] loop
    execute format('grant connect on database %I to %I', db, login);
  end loop;
  foreach login in array array['closerflow_web', 'closerflow_sign_in', 'closerflow_worker'] loop
    execute format('alter role %I in database %I set search_path = crm, app, extensions', login, db);
    execute format('alter role %I in database %I set statement_timeout = ''5s''', login, db);
    execute format('alter role %I in database %I set lock_timeout = ''2s''', login, db);
    execute format('alter role %I in database %I set idle_in_transaction_session_timeout = ''10s''', login, db);
    -- Every statement of theirs is short: starting helpers or a compiler costs more than it saves.
    execute format('alter role %I in database %I set max_parallel_workers_per_gather = 0', login, db);
    execute format('alter role %I in database %I set jit = off', login, db);
  end loop;
end $$;

-- Ending others' statements and large objects, which are outside every fence, are no business of a login role.
do $$
declare
  routine regprocedure;
begin
  for routine in
    select p.oid::regprocedure from pg_proc p
     where p.pronamespace = 'pg_catalog'::regnamespace
       and (p.proname in ('pg_terminate_backend', 'pg_cancel_backend', 'loread', 'lowrite') or p.proname ~ '^lo_')
  loop
    execute format('revoke execute on function %s from public', routine);
  end loop;
end $$;

revoke create on schema public from public;
grant usage, create on schema public to closerflow_owner;

commit;
