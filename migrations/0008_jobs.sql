-- migrate:up
-- Work that a page asks for and does not wait for.

-- Work that a page asks for and does not wait for. A job acts for the person who asked: what it writes
-- carries their name, and the request id in the audit log names the job.
create table crm.jobs (
  tenant_id uuid not null,
  id uuid not null,
  kind text not null check (kind in ('questions', 'import', 'embeddings')),
  -- What it is about: an import, a lead.
  subject_id uuid not null,
  params jsonb not null default '{}',
  requested_by uuid not null,
  state text not null default 'ready' check (state in ('ready', 'leased', 'done', 'failed', 'cancelled')),
  attempts int not null default 0,
  max_attempts int not null default 5,
  run_at timestamptz not null default now(),
  lease_token bigint not null default 0,
  lease_owner text,
  lease_until timestamptz,
  -- How far it is; total is null until it is known.
  done int not null default 0 check (done >= 0),
  total int check (total >= 0),
  last_error text check (length(last_error) <= 500),
  finished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint jobs_requested_by_fkey foreign key (tenant_id, requested_by)
    references crm.memberships (tenant_id, user_id),
  constraint jobs_leased check ((state = 'leased') = (lease_until is not null))
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
-- Asked for twice, done once.
create unique index jobs_one_live_key on crm.jobs (tenant_id, kind, subject_id) where state in ('ready', 'leased');
create index jobs_subject_idx on crm.jobs (tenant_id, subject_id, id desc);
create index jobs_requested_by_idx on crm.jobs (tenant_id, requested_by);
create index jobs_claim_idx on crm.jobs (tenant_id, run_at, id) where state = 'ready';
create index jobs_lease_idx on crm.jobs (lease_until) where state = 'leased';
create unique index jobs_one_import_key on crm.jobs (tenant_id) where kind = 'import' and state = 'leased';
call app.fence('crm.jobs');
call app.keep_updated_at('crm.jobs');
grant select on crm.jobs to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, kind, subject_id, params, requested_by) on crm.jobs to closerflow_web;

-- migrate:down
drop table crm.jobs;
