-- migrate:up
-- What members write down and are told.

-- What somebody wrote down about a lead. It stays as it was written; what is wrong is struck out.
create table crm.notes (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  lead_id uuid not null,
  body text not null check (length(body) between 1 and 10000),
  author_id uuid not null,
  created_at timestamptz not null default now(),
  struck_at timestamptz,
  struck_by uuid,
  struck_reason text check (length(struck_reason) between 1 and 500),
  primary key (tenant_id, id),
  constraint notes_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint notes_author_fkey foreign key (tenant_id, author_id)
    references crm.memberships (tenant_id, user_id),
  constraint notes_struck_by_fkey foreign key (tenant_id, struck_by)
    references crm.memberships (tenant_id, user_id),
  constraint notes_struck_why check (
    (struck_at is null) = (struck_reason is null) and (struck_at is null) = (struck_by is null))
);
create index notes_lead_idx on crm.notes (tenant_id, lead_id, id desc);
create index notes_author_idx on crm.notes (tenant_id, author_id);
create index notes_struck_by_idx on crm.notes (tenant_id, struck_by) where struck_by is not null;
call app.fence('crm.notes');
grant select on crm.notes to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, body, author_id), update (struck_at, struck_by, struck_reason)
  on crm.notes to closerflow_web;

-- A word to one member about something that concerns them.
create table crm.notifications (
  tenant_id uuid not null,
  id uuid not null,
  user_id uuid not null,
  kind text not null check (kind in (
    'mentioned', 'assigned', 'questions_ready', 'questions_failed',
    'import_checked', 'import_done', 'import_undone', 'import_failed')),
  lead_id uuid,
  -- The note, the import, or the operation that gave the leads.
  subject_id uuid,
  -- How many leads or questions.
  count int check (count >= 0),
  actor_id uuid,
  created_at timestamptz not null default now(),
  read_at timestamptz,
  primary key (tenant_id, id),
  constraint notifications_user_fkey foreign key (tenant_id, user_id) references crm.memberships (tenant_id, user_id),
  constraint notifications_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint notifications_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id)
);
create index notifications_user_idx on crm.notifications (tenant_id, user_id, id desc);
create index notifications_unread_idx on crm.notifications (tenant_id, user_id) where read_at is null;
create index notifications_lead_idx on crm.notifications (tenant_id, lead_id) where lead_id is not null;
create index notifications_actor_idx on crm.notifications (tenant_id, actor_id) where actor_id is not null;
call app.fence('crm.notifications');
-- Everybody may send one; each reads only their own.
create policy mine on crm.notifications as restrictive for select to closerflow_web
  using (user_id = (select app.actor()));
create policy mine_to_read on crm.notifications as restrictive for update to closerflow_web
  using (user_id = (select app.actor()));
grant select, insert (tenant_id, id, user_id, kind, lead_id, subject_id, count, actor_id) on crm.notifications
  to closerflow_web, closerflow_worker;
grant update (read_at) on crm.notifications to closerflow_web;

-- migrate:down
drop table crm.notifications;
drop table crm.notes;
