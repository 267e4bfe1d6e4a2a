-- migrate:up
-- Files of leads on their way in.

-- A file of leads on its way in. Its rows are read and judged first (the dry run), then written once; both
-- by the worker, in batches of one transaction each, so that a worker that dies is followed by another.
create table crm.lead_imports (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  file_name text not null check (length(file_name) between 1 and 200),
  sha256 bytea not null check (octet_length(sha256) = 32),
  bytes int not null check (bytes > 0),
  encoding text not null check (encoding in ('utf-8', 'utf-16le', 'utf-16be', 'windows-1252')),
  delimiter text not null check (octet_length(delimiter) = 1),
  names_delimiter boolean not null,
  mark_bytes smallint not null check (mark_bytes between 0 and 3),
  -- How many records stand behind the header.
  rows int not null check (rows >= 0),
  -- The first record, and some behind it for the page on which columns are given a meaning.
  header text[] not null,
  sample text[] not null,
  -- What the header looks like, for the mapping to be remembered by.
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  -- A field of the lead for each column, '' for none; null until somebody chose.
  mapping text[],
  mode text check (mode in ('create', 'add', 'update', 'fill_blanks')),
  owner_id uuid,
  source text check (length(source) between 1 and 100),
  state text not null default 'mapping'
    check (state in ('mapping', 'checking', 'checked', 'committing', 'done', 'undoing', 'undone')),
  -- Counts the dry runs: rows of an earlier one are dropped.
  round int not null default 0,
  new_rows int not null default 0,
  update_rows int not null default 0,
  duplicate_rows int not null default 0,
  error_rows int not null default 0,
  -- What its undo found edited since, and left alone.
  kept_rows int not null default 0,
  operation_id uuid,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  committed_at timestamptz,
  primary key (tenant_id, id),
  constraint lead_imports_owner_fkey foreign key (tenant_id, owner_id)
    references crm.memberships (tenant_id, user_id),
  constraint lead_imports_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint lead_imports_operation_fkey foreign key (tenant_id, operation_id)
    references crm.operations (tenant_id, id),
  constraint lead_imports_mapped check (state = 'mapping' or (mapping is not null and mode is not null))
);
create index lead_imports_owner_idx on crm.lead_imports (tenant_id, owner_id) where owner_id is not null;
create index lead_imports_created_by_idx on crm.lead_imports (tenant_id, created_by, id desc);
create index lead_imports_operation_idx on crm.lead_imports (tenant_id, operation_id) where operation_id is not null;
create index lead_imports_unfinished_idx on crm.lead_imports (created_at) where state in ('mapping', 'checking', 'checked');
call app.fence('crm.lead_imports');
call app.keep_updated_at('crm.lead_imports');
grant select on crm.lead_imports to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, file_name, sha256, bytes, encoding, delimiter, names_delimiter, mark_bytes,
              rows, header, sample, fingerprint, created_by),
      update (mapping, mode, owner_id, source, state, round)
  on crm.lead_imports to closerflow_web;
create trigger refuse_gone_member before update of owner_id on crm.lead_imports
  for each row when (new.owner_id is not null)
  execute function app.refuse_gone_member('owner_id', 'lead_imports_owner_fkey');

-- The file in pieces, until its rows are written.
create table crm.lead_import_chunks (
  tenant_id uuid not null,
  import_id uuid not null,
  position int not null check (position >= 0),
  bytes bytea storage external not null check (octet_length(bytes) between 1 and 1048576),
  primary key (tenant_id, import_id, position),
  constraint lead_import_chunks_import_fkey foreign key (tenant_id, import_id)
    references crm.lead_imports (tenant_id, id)
);
call app.fence('crm.lead_import_chunks');
grant select, insert on crm.lead_import_chunks to closerflow_web;
grant select on crm.lead_import_chunks to closerflow_worker;

-- One record of the file: as it stands there, what it says of a lead, and what became of it.
create table crm.lead_import_rows (
  tenant_id uuid not null,
  import_id uuid not null,
  line int not null check (line > 0),
  round int not null,
  raw text[] not null,
  status text not null check (status in ('read', 'new', 'update', 'duplicate', 'error', 'done', 'undone', 'kept')),
  -- Words of ours, such as email, phone, ragged:3, same_line:17.
  reasons text[] not null default '{}',
  title text,
  description text,
  company text,
  source text,
  estimated_value bigint,
  -- As the leads' own: what they would refuse is found while the file is read.
  tags text[] check (app.are_tags(tags)),
  external_id text,
  -- The lead's own id, in a file that was exported here.
  known_id uuid,
  language text,
  message text,
  owner_id uuid,
  first_name text,
  last_name text,
  email text,
  phone text,
  -- What a lead that would be updated, and its person, looked like in the dry run: a hash of all that an update could
  -- write over. Null in the other modes.
  seen bigint,
  -- What the dry run found, or the import made.
  lead_id uuid,
  contact_id uuid,
  makes_lead boolean not null default false,
  makes_contact boolean not null default false,
  primary key (tenant_id, import_id, line),
  constraint lead_import_rows_import_fkey foreign key (tenant_id, import_id)
    references crm.lead_imports (tenant_id, id)
) with (fillfactor = 60);
-- Beside the key only what its conditions cannot be mistaken for: two indexes that both begin with the import
-- cost the same to the planner while the table looks empty, and the wrong one goes through all of its rows.
create index lead_import_rows_left_idx on crm.lead_import_rows (tenant_id, import_id, line)
  where status in ('error', 'duplicate', 'kept');
call app.fence('crm.lead_import_rows');
grant select on crm.lead_import_rows to closerflow_web;
grant select, insert on crm.lead_import_rows to closerflow_worker;

-- What a header meant the last time.
create table crm.lead_import_mappings (
  tenant_id uuid not null references crm.tenants,
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  mapping text[] not null,
  mode text not null check (mode in ('create', 'add', 'update', 'fill_blanks')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, fingerprint)
);
call app.fence('crm.lead_import_mappings');
call app.keep_updated_at('crm.lead_import_mappings');
grant select, insert (tenant_id, fingerprint, mapping, mode), update (mapping, mode)
  on crm.lead_import_mappings to closerflow_web;

-- migrate:down
drop table crm.lead_import_mappings;
drop table crm.lead_import_rows;
drop table crm.lead_import_chunks;
drop table crm.lead_imports;
