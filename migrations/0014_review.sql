-- migrate:up
-- The approvals that bind a person to exact bytes.

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

-- lint:allow foreign-key: where approvals are made, no draft has one yet
alter table crm.drafts add constraint drafts_approval_fkey
  foreign key (tenant_id, approval_id, id, content_sha256, approved_decision)
  references crm.approvals (tenant_id, id, draft_id, content_sha256, decision);

-- migrate:down
alter table crm.drafts drop constraint drafts_approval_fkey;
drop table crm.approvals;
