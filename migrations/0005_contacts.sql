-- migrate:up
-- People.

-- A person; may stand at several leads.
create table crm.contacts (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  first_name text check (length(first_name) between 1 and 100),
  last_name text check (length(last_name) between 1 and 100),
  email app.email,
  phone app.phone,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  search text not null generated always as (
    app.fold(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '') || ' '
             || coalesce(phone, ''))) stored,
  primary key (tenant_id, id),
  constraint contacts_someone check (coalesce(first_name, last_name, email, phone) is not null)
);
create unique index contacts_email_key on crm.contacts (tenant_id, email) where deleted_at is null;
create unique index contacts_phone_key on crm.contacts (tenant_id, phone) where deleted_at is null;
create index contacts_search_idx on crm.contacts
  using gin (tenant_id extensions.uuid_ops, search extensions.gin_trgm_ops);
call app.fence('crm.contacts');
call app.keep_updated_at('crm.contacts');
grant select on crm.contacts to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, first_name, last_name, email, phone) on crm.contacts to closerflow_web;
grant update (first_name, last_name, email, phone, deleted_at) on crm.contacts to closerflow_web;
create trigger log_insert after insert on crm.contacts referencing new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_update after update on crm.contacts referencing old table as old_rows new table as new_rows
  for each statement execute function app.log_operation();

-- migrate:down
drop table crm.contacts;
