-- migrate:up
-- Conversations with leads.

-- What belongs together.
create table crm.threads (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  channel text not null check (channel in ('email', 'sms', 'phone', 'form')),
  subject text check (length(subject) between 1 and 200),
  status text not null default 'open' check (status in ('open', 'closed')),
  awaiting_reply boolean not null default false,
  sentiment text check (sentiment in ('positive', 'neutral', 'negative', 'urgent')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint threads_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id)
);
create index threads_lead_idx on crm.threads (tenant_id, lead_id, id desc);
create index threads_awaiting_idx on crm.threads (tenant_id, lead_id) where awaiting_reply;
call app.fence('crm.threads');
call app.keep_updated_at('crm.threads');
grant select on crm.threads to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, channel, subject, awaiting_reply), update (subject, status, awaiting_reply, lead_id)
  on crm.threads to closerflow_web;

-- What was said: in (role lead) and out.
create table crm.messages (
  tenant_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  role text not null check (role in ('lead', 'operator', 'ai', 'system')),
  content text not null check (length(content) between 1 and 20000),
  external_id text check (length(external_id) between 1 and 500),
  in_reply_to uuid,
  -- The letter that it was; it is kept once.
  draft_id uuid,
  -- Who wrote it down; null for the system.
  actor_id uuid,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint messages_thread_fkey foreign key (tenant_id, thread_id) references crm.threads (tenant_id, id),
  constraint messages_in_reply_to_fkey foreign key (tenant_id, in_reply_to) references crm.messages (tenant_id, id),
  constraint messages_draft_fkey foreign key (tenant_id, draft_id) references crm.drafts (tenant_id, id),
  constraint messages_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id)
);
create index messages_thread_idx on crm.messages (tenant_id, thread_id, id desc);
create index messages_in_reply_to_idx on crm.messages (tenant_id, in_reply_to) where in_reply_to is not null;
create index messages_actor_idx on crm.messages (tenant_id, actor_id) where actor_id is not null;
create unique index messages_draft_key on crm.messages (tenant_id, draft_id) where draft_id is not null;
call app.fence('crm.messages');
call app.make_append_only('crm.messages');
grant select, insert (tenant_id, id, thread_id, role, content, external_id, in_reply_to, actor_id)
  on crm.messages to closerflow_web, closerflow_worker;
create trigger stamp before insert on crm.messages for each row execute function app.stamp_actor();

-- migrate:down
drop table crm.messages;
drop table crm.threads;
