-- migrate:up
-- Drafts, their recipients, and the approvals that bind a person to exact bytes. Creates only.

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
call app.fence('crm.drafts');
call app.keep_updated_at('crm.drafts');
grant select on crm.drafts to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, type, version, document_id, subject, content_md, author_id, last_editor_id)
  on crm.drafts to closerflow_web;
grant update (subject, content_md, last_editor_id, status, manifest, approval_id) on crm.drafts to closerflow_web;

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
grant select, insert, delete on crm.draft_recipients to closerflow_web;
grant select on crm.draft_recipients to closerflow_worker;

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

-- One reviewer's decision on one exact content.
create table crm.approvals (
  tenant_id uuid not null,
  id uuid not null,
  draft_id uuid not null,
  version int not null,
  content_sha256 bytea not null check (octet_length(content_sha256) = 32),
  decision text not null check (decision in ('approved', 'rejected', 'changes_requested')),
  reviewer_id uuid not null,
  comment text check (length(comment) between 1 and 5000),
  self_approved boolean not null default false,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  -- What a draft's status and a delivery point at: this draft, these bytes, this decision.
  constraint approvals_exact_key unique (tenant_id, id, draft_id, content_sha256, decision),
  constraint approvals_content_fkey foreign key (tenant_id, draft_id, content_sha256)
    references crm.draft_contents (tenant_id, draft_id, content_sha256),
  constraint approvals_reviewer_fkey foreign key (tenant_id, reviewer_id)
    references crm.memberships (tenant_id, user_id),
  constraint approvals_no_needs_comment check (decision = 'approved' or comment is not null)
);
create unique index approvals_one_yes_key on crm.approvals (tenant_id, draft_id) where decision = 'approved';
create index approvals_draft_idx on crm.approvals (tenant_id, draft_id, id desc);
create index approvals_reviewer_idx on crm.approvals (tenant_id, reviewer_id, id desc);
call app.fence('crm.approvals');
call app.make_append_only('crm.approvals');
grant select on crm.approvals to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, draft_id, version, content_sha256, decision, reviewer_id, comment, self_approved)
  on crm.approvals to closerflow_web;

alter table crm.drafts add constraint drafts_content_fkey
  foreign key (tenant_id, id, content_sha256)
  references crm.draft_contents (tenant_id, draft_id, content_sha256);
alter table crm.drafts add constraint drafts_approval_fkey
  foreign key (tenant_id, approval_id, id, content_sha256, approved_decision)
  references crm.approvals (tenant_id, id, draft_id, content_sha256, decision);
create index drafts_approval_idx on crm.drafts (tenant_id, approval_id) where approval_id is not null;

-- lint:allow foreign-key: crm.activities comes into the world in this release
alter table crm.activities add constraint activities_draft_fkey
  foreign key (tenant_id, draft_id) references crm.drafts (tenant_id, id);
-- lint:allow index: crm.activities comes into the world in this release
create index activities_draft_idx on crm.activities (tenant_id, draft_id, id desc) where draft_id is not null;

-- The whole table "A draft's life": which moves exist, what each needs, what stays frozen.
create function app.keep_draft() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  is_edit constant boolean := tg_op = 'UPDATE'
    and (new.subject, new.content_md) is distinct from (old.subject, old.content_md);
  move constant text := case when tg_op = 'UPDATE' and new.status <> old.status
    then old.status || ' → ' || new.status end;
begin
  if tg_op = 'INSERT' then
    if new.status <> 'draft' then
      raise exception 'a draft starts as a draft' using errcode = 'CF004', constraint = 'drafts_start';
    end if;
    new.author_id := app.actor();
    new.last_editor_id := app.actor();
    return new;
  end if;

  if (new.tenant_id, new.id, new.lead_id, new.type, new.version, new.document_id, new.author_id,
      new.requested_by, new.origin, new.created_at)
     is distinct from
     (old.tenant_id, old.id, old.lead_id, old.type, old.version, old.document_id, old.author_id,
      old.requested_by, old.origin, old.created_at) then
    raise exception 'a draft keeps its identity' using errcode = 'CF004', constraint = 'drafts_identity';
  end if;
  if is_edit and not (old.status = 'draft' and new.status = 'draft') then
    raise exception 'a draft that left the desk is frozen' using errcode = 'CF004', constraint = 'drafts_frozen';
  end if;
  -- The last editor is whoever touches it on the desk, and nobody else's name can be put there.
  new.last_editor_id := case when old.status = 'draft' and new.status = 'draft'
    then app.actor() else old.last_editor_id end;

  if move is null then
    if new.manifest is distinct from old.manifest or new.approval_id is distinct from old.approval_id then
      raise exception 'content and approval change only with the status' using errcode = 'CF004', constraint = 'drafts_frozen';
    end if;
  elsif move = 'draft → under_review' then
    new.submitted_at := now();
  elsif move = 'under_review → draft' then
    new.submitted_at := null;
    new.manifest := null;
    new.approval_id := null;
  elsif move in ('under_review → approved', 'under_review → rejected') then
    if new.manifest is distinct from old.manifest then
      raise exception 'a decision does not change what it decides on' using errcode = 'CF004', constraint = 'drafts_frozen';
    end if;
  elsif move = 'approved → rejected' then
    if exists (select from crm.deliveries d where d.tenant_id = new.tenant_id and d.draft_id = new.id
                and d.state <> 'cancelled') then
      raise exception 'a delivery has left or may leave' using errcode = 'CF004', constraint = 'drafts_cancel';
    end if;
  elsif move = 'approved → sent' then
    if not exists (select from crm.deliveries d where d.tenant_id = new.tenant_id and d.draft_id = new.id)
       or exists (select from crm.deliveries d where d.tenant_id = new.tenant_id and d.draft_id = new.id
                   and d.state <> 'sent') then
      raise exception 'not every delivery is sent' using errcode = 'CF004', constraint = 'drafts_sent_means_sent';
    end if;
  else
    raise exception 'no such move: %', move using errcode = 'CF004', constraint = 'drafts_life';
  end if;
  if old.status in ('approved', 'sent') and (new.manifest, new.approval_id) is distinct from (old.manifest, old.approval_id) then
    raise exception 'an approved draft is frozen' using errcode = 'CF004', constraint = 'drafts_frozen';
  end if;
  new.revision := old.revision + 1;
  return new;
end $$;
create trigger keep before insert or update on crm.drafts for each row execute function app.keep_draft();

-- Recipients are part of the text: they move only while it is on the desk.
create function app.keep_recipients() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  target constant crm.draft_recipients := case tg_op when 'DELETE' then old else new end;
  draft_status text;
begin
  select d.status into draft_status from crm.drafts d
   where d.tenant_id = target.tenant_id and d.id = target.draft_id for update;
  if draft_status is distinct from 'draft' then
    raise exception 'a draft that left the desk is frozen' using errcode = 'CF004', constraint = 'drafts_frozen';
  end if;
  if tg_op = 'INSERT' and not exists (
      select from crm.lead_contacts lc join crm.drafts d on d.tenant_id = lc.tenant_id and d.lead_id = lc.lead_id
       where d.tenant_id = new.tenant_id and d.id = new.draft_id and lc.contact_id = new.contact_id) then
    raise exception 'recipients are contacts of the lead' using errcode = 'CF004', constraint = 'draft_recipients_known';
  end if;
  -- Who chooses the recipients has edited the draft.
  update crm.drafts d set last_editor_id = app.actor()
   where d.tenant_id = target.tenant_id and d.id = target.draft_id and d.last_editor_id <> app.actor();
  return target;
end $$;
create trigger keep before insert or update or delete on crm.draft_recipients
  for each row execute function app.keep_recipients();

-- A decision is made by a reviewer, in their own name, on the draft as it stands, and by other eyes
-- than wrote it unless the tenant allows that; then the row says so.
create function app.keep_approval() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  draft crm.drafts;
  is_own boolean;
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.reviewer_id := app.actor();
  select * into draft from crm.drafts d
   where d.tenant_id = new.tenant_id and d.id = new.draft_id for update;
  if not found or draft.status <> 'under_review' or draft.version <> new.version
     or draft.content_sha256 <> new.content_sha256 then
    raise exception 'the draft is not what was decided on' using errcode = 'CF409', constraint = 'approvals_seen';
  end if;
  if not exists (select from crm.memberships m where m.tenant_id = new.tenant_id and m.user_id = new.reviewer_id
                  and m.disabled_at is null and 'reviewer' = any (m.roles)) then
    raise exception 'only a reviewer decides' using errcode = 'CF403', constraint = 'approvals_reviewer';
  end if;
  is_own := new.reviewer_id in (draft.author_id, draft.last_editor_id)
            or new.reviewer_id is not distinct from draft.requested_by;
  new.self_approved := is_own and new.decision = 'approved';
  if new.self_approved and not exists (
      select from crm.tenant_settings s where s.tenant_id = new.tenant_id and s.key = 'self_approval'
         and s.value = 'true') then
    raise exception 'another pair of eyes is needed' using errcode = 'CF403', constraint = 'approvals_four_eyes';
  end if;
  return new;
end $$;
create trigger keep before insert on crm.approvals for each row execute function app.keep_approval();

-- migrate:down
alter table crm.drafts drop constraint drafts_approval_fkey, drop constraint drafts_content_fkey;
alter table crm.activities drop constraint activities_draft_fkey;
drop table crm.approvals, crm.draft_contents, crm.draft_recipients, crm.drafts;
drop function app.keep_approval(), app.keep_recipients(), app.keep_draft();
