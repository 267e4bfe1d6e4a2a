-- migrate:up
-- What was done to many records at once, and the way back.

-- Something done to many records at once, which can be taken back: a bulk change, a merge, an import.
create table crm.operations (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('bulk', 'merge', 'import')),
  -- What exactly, for the page: assign, tag, stage, archive, leads, contacts …
  action text not null check (action ~ '^[a-z]+(_[a-z]+)*$'),
  -- How many records it changed.
  subjects int not null default 0 check (subjects >= 0),
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  undone_at timestamptz,
  undone_by uuid,
  -- How many fields had been edited since, and stayed.
  refused int not null default 0,
  primary key (tenant_id, id),
  constraint operations_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint operations_undone_by_fkey foreign key (tenant_id, undone_by)
    references crm.memberships (tenant_id, user_id),
  constraint operations_undone check ((undone_at is null) = (undone_by is null))
);
create index operations_actor_idx on crm.operations (tenant_id, actor_id, id desc);
create index operations_undone_by_idx on crm.operations (tenant_id, undone_by) where undone_by is not null;
call app.fence('crm.operations');
grant select on crm.operations to closerflow_web, closerflow_worker;

-- Field by field what an operation changed. old and new are the column's values as JSON; a record that
-- the operation made has one row of the field '*' whose old is null.
create table crm.operation_changes (
  tenant_id uuid not null,
  operation_id uuid not null,
  seq bigint not null generated always as identity,
  entity text not null check (entity in ('lead', 'contact', 'lead_contact')),
  entity_id uuid not null,
  -- The lead of a lead_contact, whose entity_id is the contact.
  of_lead_id uuid,
  field text not null,
  old jsonb,
  new jsonb,
  -- After the undo: whether the old value was put back, or was refused because somebody edited it since.
  outcome text check (outcome in ('restored', 'refused')),
  primary key (tenant_id, operation_id, seq),
  constraint operation_changes_operation_fkey foreign key (tenant_id, operation_id)
    references crm.operations (tenant_id, id),
  constraint operation_changes_key unique nulls not distinct
    (tenant_id, operation_id, entity, entity_id, of_lead_id, field)
);
call app.fence('crm.operation_changes');
grant select on crm.operation_changes to closerflow_web, closerflow_worker;

-- migrate:down
drop table crm.operation_changes;
drop table crm.operations;
