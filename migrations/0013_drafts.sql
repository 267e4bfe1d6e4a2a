-- migrate:up
-- Drafts, their recipients, and every content that was handed in.

-- A text that may leave the house.
create table crm.drafts (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  lead_id uuid not null,
  type text not null check (type in ('followup_email', 'followup_sms', 'scope', 'estimate', 'proposal')),
  -- Counts a lead's drafts of one type; the versions of one text share document_id.
  version int not null check (version > 0),
  document_id uuid not null,
  status text not null default 'draft' check (status in ('draft', 'under_review', 'approved', 'rejected', 'sent')),
  subject text not null default '' check (length(subject) <= 200),
  content_md text not null default '' check (octet_length(content_md) <= 65536),
  origin text not null default 'human' check (origin in ('human', 'ai', 'playbook')),
  author_id uuid not null,
  last_editor_id uuid not null,
  -- Who asked the AI for the text, where it was asked.
  requested_by uuid,
  -- The exact content, canonical and length-prefixed (CRM/Drafts/Manifest.swift): written at
  -- submission; reviewer and sender read nothing else.
  manifest bytea,
  content_sha256 bytea generated always as (sha256(manifest)) stored,
  submitted_at timestamptz,
  approval_id uuid,
  approved_decision text generated always as (case when approval_id is not null then 'approved' end) stored,
  sent_via text check (sent_via in ('email', 'sms')),
  message_id text,
  external_message_id text,
  sent_at timestamptz,
  revision int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint drafts_version_key unique (tenant_id, lead_id, type, version),
  constraint drafts_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint drafts_author_fkey foreign key (tenant_id, author_id) references crm.memberships (tenant_id, user_id),
  constraint drafts_last_editor_fkey foreign key (tenant_id, last_editor_id) references crm.memberships (tenant_id, user_id),
  constraint drafts_requested_by_fkey foreign key (tenant_id, requested_by) references crm.memberships (tenant_id, user_id),
  constraint drafts_content_fixed check (
    case when status = 'draft' then manifest is null and submitted_at is null
         else manifest is not null and submitted_at is not null end),
  constraint drafts_approved check (status not in ('approved', 'sent') or approval_id is not null),
  constraint drafts_sent check (
    case when status = 'sent' then sent_via is not null and sent_at is not null and external_message_id is not null
         else sent_via is null and sent_at is null and external_message_id is null and message_id is null end)
);
create index drafts_lead_idx on crm.drafts (tenant_id, lead_id, id desc);
create index drafts_document_idx on crm.drafts (tenant_id, document_id, version desc);
create index drafts_queue_idx on crm.drafts (tenant_id, submitted_at, id) where status = 'under_review';
create index drafts_author_idx on crm.drafts (tenant_id, author_id, status, updated_at desc);
create index drafts_last_editor_idx on crm.drafts (tenant_id, last_editor_id);
create index drafts_requested_by_idx on crm.drafts (tenant_id, requested_by) where requested_by is not null;
create index drafts_approval_idx on crm.drafts (tenant_id, approval_id) where approval_id is not null;
call app.fence('crm.drafts');
call app.keep_updated_at('crm.drafts');
grant select on crm.drafts to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, type, version, document_id, subject, content_md, author_id, last_editor_id)
  on crm.drafts to closerflow_web;
grant update (subject, content_md, last_editor_id, status, manifest, approval_id) on crm.drafts to closerflow_web;

-- Every content that was ever submitted, byte for byte: what a decision was about can be shown for
-- ever, and a reviewer sees what changed since they looked.
create table crm.draft_contents (
  tenant_id uuid not null,
  draft_id uuid not null,
  content_sha256 bytea not null generated always as (sha256(manifest)) stored,
  manifest bytea not null,
  submitted_by uuid not null,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, draft_id, content_sha256),
  constraint draft_contents_draft_fkey foreign key (tenant_id, draft_id) references crm.drafts (tenant_id, id),
  constraint draft_contents_submitted_by_fkey foreign key (tenant_id, submitted_by)
    references crm.memberships (tenant_id, user_id)
);
create index draft_contents_submitted_by_idx on crm.draft_contents (tenant_id, submitted_by);
call app.fence('crm.draft_contents');
call app.make_append_only('crm.draft_contents');
grant select on crm.draft_contents to closerflow_web, closerflow_worker;
grant insert (tenant_id, draft_id, manifest, submitted_by) on crm.draft_contents to closerflow_web;

alter table crm.drafts add constraint drafts_content_fkey
  foreign key (tenant_id, id, content_sha256)
  references crm.draft_contents (tenant_id, draft_id, content_sha256);

-- Who a draft goes to: contacts of the lead, by id, with the address they had when chosen.
create table crm.draft_recipients (
  tenant_id uuid not null,
  draft_id uuid not null,
  contact_id uuid not null,
  kind text not null check (kind in ('to', 'cc', 'bcc', 'sms_to')),
  address text not null,
  name text,
  primary key (tenant_id, draft_id, contact_id),
  constraint draft_recipients_draft_fkey foreign key (tenant_id, draft_id)
    references crm.drafts (tenant_id, id) on delete cascade,
  constraint draft_recipients_contact_fkey foreign key (tenant_id, contact_id)
    references crm.contacts (tenant_id, id)
);
create index draft_recipients_contact_idx on crm.draft_recipients (tenant_id, contact_id);
call app.fence('crm.draft_recipients');
grant select, insert on crm.draft_recipients to closerflow_web;
grant select on crm.draft_recipients to closerflow_worker;

-- lint:allow foreign-key: where drafts are made, nothing has happened to one yet
alter table crm.activities add constraint activities_draft_fkey
  foreign key (tenant_id, draft_id) references crm.drafts (tenant_id, id);

-- migrate:down
alter table crm.activities drop constraint activities_draft_fkey;
alter table crm.drafts drop constraint drafts_content_fkey;
drop table crm.draft_recipients;
drop table crm.draft_contents;
drop table crm.drafts;
