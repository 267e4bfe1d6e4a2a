-- migrate:up
-- Saved filters.

-- A list's filter with a name: the same JSON that app.find_leads takes.
create table crm.segments (
  tenant_id uuid not null,
  id uuid not null,
  name text not null check (length(name) between 1 and 100),
  filter jsonb not null check (jsonb_typeof(filter) = 'object'),
  sort text,
  owner_id uuid not null,
  is_shared boolean not null default false,
  -- As last counted, with its owner's eyes.
  lead_count int check (lead_count >= 0),
  counted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint segments_owner_fkey foreign key (tenant_id, owner_id) references crm.memberships (tenant_id, user_id)
);
create unique index segments_name_key on crm.segments (tenant_id, owner_id, lower(name));
create index segments_counted_idx on crm.segments (counted_at nulls first);
call app.fence('crm.segments');
call app.keep_updated_at('crm.segments');
-- A private segment is its owner's; a shared one is seen by all and changed by its owner.
create policy visible on crm.segments as restrictive for select to closerflow_web
  using (is_shared or owner_id = (select app.actor()));
create policy changed_by_owner on crm.segments as restrictive for update to closerflow_web
  using (owner_id = (select app.actor())) with check (owner_id = (select app.actor()));
create policy made_by_owner on crm.segments as restrictive for insert to closerflow_web
  with check (owner_id = (select app.actor()));
grant select, insert (tenant_id, id, name, filter, sort, owner_id, is_shared, lead_count, counted_at),
  update (name, filter, sort, is_shared, lead_count, counted_at)
  on crm.segments to closerflow_web;

-- migrate:down
drop table crm.segments;
