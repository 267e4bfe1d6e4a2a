-- migrate:up
-- The people who sign in, what their roles may do, and their sessions.

-- A person who signs in; may belong to several tenants. Read by functions only.
create table sec.users (
  id uuid primary key,
  email app.email not null unique,
  name text not null check (length(name) between 1 and 120),
  password_hash text not null check (password_hash like '$argon2id$%'),
  locale text check (locale in ('en', 'fr')),
  disabled_at timestamptz,
  last_login_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call app.keep_updated_at('sec.users');

-- Who belongs to a tenant, with the name and address its members see. No cascade from people:
-- histories point here for ever.
create table crm.memberships (
  tenant_id uuid not null references crm.tenants,
  user_id uuid not null references sec.users,
  roles text[] not null check (roles <@ array['sales', 'reviewer', 'admin'] and roles <> '{}'),
  display_name text not null check (length(display_name) between 1 and 120),
  email app.email not null,
  disabled_at timestamptz,
  -- What a session points at: nobody who is disabled has one, also not one that begins at this moment.
  is_active boolean generated always as (case when disabled_at is null then true end) stored,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, user_id),
  constraint memberships_active_key unique (tenant_id, user_id, is_active)
);
create index memberships_user_idx on crm.memberships (user_id);
call app.fence('crm.memberships');
call app.keep_updated_at('crm.memberships');
grant select on crm.memberships to closerflow_web, closerflow_worker;

-- Mirrors the Swift type Permission (CRM/Accounts); a test holds them equal.
create table app.role_permissions (
  role text not null,
  permission text not null,
  primary key (role, permission)
);
insert into app.role_permissions (role, permission) values
  ('sales', 'read_leads'), ('sales', 'write_leads'), ('sales', 'write_drafts'),
  ('reviewer', 'read_leads'), ('reviewer', 'write_drafts'), ('reviewer', 'review'),
  ('reviewer', 'read_outbox'),
  ('admin', 'read_leads'), ('admin', 'write_leads'), ('admin', 'write_drafts'),
  ('admin', 'read_outbox'), ('admin', 'resolve_outbox'), ('admin', 'administer');

create table sec.sessions (
  -- SHA-256 of the token in the visitor's cookie; the token itself is stored nowhere.
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  user_id uuid not null,
  tenant_id uuid not null,
  is_active boolean not null default true check (is_active),
  address text,
  user_agent text check (length(user_agent) <= 300),
  created_at timestamptz not null default now(),
  touched_at timestamptz not null default now(),
  idle_expires_at timestamptz not null,
  expires_at timestamptz not null,
  constraint sessions_member_fkey foreign key (tenant_id, user_id, is_active)
    references crm.memberships (tenant_id, user_id, is_active)
);
create index sessions_user_idx on sec.sessions (user_id, created_at);
create index sessions_member_idx on sec.sessions (tenant_id, user_id);
create index sessions_expiry_idx on sec.sessions (expires_at);

-- Attempts to sign in, counted before the password is looked at so that parallel guesses count.
create table sec.login_throttles (
  key text primary key,
  attempts int not null,
  blocked_until timestamptz not null default '-infinity',
  updated_at timestamptz not null default now()
);
create index login_throttles_updated_idx on sec.login_throttles (updated_at);

-- Recognises a form that was posted twice; kept two days.
create table crm.idempotency_keys (
  tenant_id uuid not null,
  user_id uuid not null,
  key uuid not null,
  location text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_id, key),
  foreign key (tenant_id, user_id) references crm.memberships (tenant_id, user_id)
);
create index idempotency_keys_age_idx on crm.idempotency_keys (created_at);
call app.fence('crm.idempotency_keys');
grant select, insert, update (location) on crm.idempotency_keys to closerflow_web;

-- migrate:down
drop table crm.idempotency_keys;
drop table sec.login_throttles;
drop table sec.sessions;
drop table app.role_permissions;
drop table crm.memberships;
drop table sec.users;
