-- migrate:up
-- The customer organisations and what they settle.

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
  -- Where telephone numbers are dialled.
  phone_region text not null constraint tenants_phone_region_code check (phone_region ~ '^[A-Z]{2}$'),
  event_seq bigint not null default 0,   -- counted by app.emit alone
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call app.fence('crm.tenants', 'id');
call app.keep_updated_at('crm.tenants');
grant select on crm.tenants to closerflow_web, closerflow_worker;
grant update (phone_region) on crm.tenants to closerflow_web;
create trigger keep_to_admins before update of phone_region on crm.tenants
  for each row execute function app.keep_to_admins();

-- What a tenant's admins have settled; what is not there has the value that the program gives it.
create table crm.tenant_settings (
  tenant_id uuid not null references crm.tenants,
  key text not null constraint tenant_settings_key_known check (key in ('self_approval', 'assignment', 'board_idle_days')),
  value jsonb not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, key),
  constraint tenant_settings_type check (key <> 'self_approval' or jsonb_typeof(value) = 'boolean'),
  -- How new leads find their owner.
  constraint tenant_settings_assignment check (key <> 'assignment' or (
    value ->> 'strategy' in ('manual', 'round_robin', 'least_loaded', 'by_source')
    and jsonb_typeof(value -> 'members') = 'array' and jsonb_typeof(value -> 'sources') = 'object')),
  -- After how many days without anything happening a card is tinted; 0 never.
  constraint tenant_settings_board_idle_days check (key <> 'board_idle_days' or (
    jsonb_typeof(value) = 'number' and value::int between 0 and 365))
);
call app.fence('crm.tenant_settings');
call app.keep_updated_at('crm.tenant_settings');
grant select on crm.tenant_settings to closerflow_web, closerflow_worker;
grant insert (tenant_id, key, value), update (value) on crm.tenant_settings to closerflow_web;

-- migrate:down
drop table crm.tenant_settings;
drop table crm.tenants;
