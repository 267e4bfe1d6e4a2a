-- migrate:up
-- Tenants, the people who sign in, and what a role may do. Creates only.

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

-- The customer organisation that owns every row.
create table crm.tenants (
  id uuid primary key,
  slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name text not null check (length(name) between 1 and 120),
  -- Mail is sent in this name and from this address.
  contact_name text not null check (length(contact_name) between 1 and 120),
  contact_email app.email not null,
  timezone text not null default 'UTC' check (now() at time zone timezone is not null),
  locale text not null default 'en' check (locale in ('en', 'fr')),
  currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
  event_seq bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call app.fence('crm.tenants', 'id');
call app.keep_updated_at('crm.tenants');
grant select on crm.tenants to closerflow_web, closerflow_worker;
grant update (event_seq) on crm.tenants to closerflow_web, closerflow_worker;

create table crm.tenant_settings (
  tenant_id uuid not null references crm.tenants,
  key text not null check (key in ('self_approval')),
  value jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, key),
  constraint tenant_settings_type check (key <> 'self_approval' or jsonb_typeof(value) = 'boolean')
);
call app.fence('crm.tenant_settings');
call app.keep_updated_at('crm.tenant_settings');
grant select on crm.tenant_settings to closerflow_web, closerflow_worker;

-- Who belongs to a tenant, with the name and address its members see. No cascade from people:
-- histories point here for ever.
create table crm.memberships (
  tenant_id uuid not null references crm.tenants,
  user_id uuid not null references sec.users,
  roles text[] not null check (roles <@ array['sales', 'reviewer', 'admin'] and roles <> '{}'),
  display_name text not null check (length(display_name) between 1 and 120),
  email app.email not null,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, user_id)
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
  ('admin', 'read_outbox'), ('admin', 'resolve_outbox');

-- migrate:down
drop table app.role_permissions;
drop table crm.memberships;
drop table crm.tenant_settings;
drop table crm.tenants;
drop table sec.users;
