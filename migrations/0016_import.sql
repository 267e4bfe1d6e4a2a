-- migrate:up
-- Where a tenant's telephone numbers are dialled.

-- lint:allow check: before the first release
alter table crm.tenants
  add column phone_region text constraint tenants_phone_region_code check (phone_region ~ '^[A-Z]{2}$');

-- Where people of this time zone and language most likely dial; settings can say otherwise.
create function app.likely_region(p_timezone text, p_locale text) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  return coalesce(
    (select region from (values
      ('Europe/Paris', 'FR'), ('Europe/London', 'GB'), ('Europe/Dublin', 'IE'), ('Europe/Brussels', 'BE'),
      ('Europe/Zurich', 'CH'), ('Europe/Luxembourg', 'LU'), ('Europe/Monaco', 'MC'), ('Europe/Berlin', 'DE'),
      ('Europe/Vienna', 'AT'), ('Europe/Amsterdam', 'NL'), ('Europe/Madrid', 'ES'), ('Europe/Lisbon', 'PT'),
      ('Europe/Rome', 'IT'), ('Europe/Copenhagen', 'DK'), ('Europe/Stockholm', 'SE'), ('Europe/Oslo', 'NO'),
      ('Europe/Helsinki', 'FI'), ('Europe/Warsaw', 'PL'), ('Europe/Prague', 'CZ'), ('Europe/Budapest', 'HU'),
      ('Europe/Athens', 'GR'), ('Europe/Bucharest', 'RO'), ('Europe/Sofia', 'BG'), ('Europe/Istanbul', 'TR'),
      ('America/Toronto', 'CA'), ('America/Vancouver', 'CA'), ('America/Montreal', 'CA'), ('America/Halifax', 'CA'),
      ('America/Edmonton', 'CA'), ('America/Winnipeg', 'CA'), ('America/Regina', 'CA'), ('America/St_Johns', 'CA'),
      ('America/New_York', 'US'), ('America/Chicago', 'US'), ('America/Denver', 'US'), ('America/Phoenix', 'US'),
      ('America/Los_Angeles', 'US'), ('America/Anchorage', 'US'), ('America/Detroit', 'US'), ('Pacific/Honolulu', 'US'),
      ('America/Mexico_City', 'MX'), ('America/Sao_Paulo', 'BR'), ('America/Argentina/Buenos_Aires', 'AR'),
      ('Africa/Casablanca', 'MA'), ('Africa/Algiers', 'DZ'), ('Africa/Tunis', 'TN'), ('Africa/Dakar', 'SN'),
      ('Africa/Abidjan', 'CI'), ('Africa/Lagos', 'NG'), ('Africa/Nairobi', 'KE'), ('Africa/Johannesburg', 'ZA'),
      ('Asia/Dubai', 'AE'), ('Asia/Jerusalem', 'IL'), ('Asia/Kolkata', 'IN'), ('Asia/Singapore', 'SG'),
      ('Asia/Hong_Kong', 'HK'), ('Asia/Tokyo', 'JP'), ('Pacific/Auckland', 'NZ'), ('Indian/Reunion', 'RE'),
      ('America/Martinique', 'MQ'), ('America/Guadeloupe', 'GP'), ('America/Cayenne', 'GF'),
      ('Pacific/Noumea', 'NC'), ('Pacific/Tahiti', 'PF')) as zones (zone, region)
     where zone = p_timezone),
    case when p_timezone like 'Australia/%' then 'AU' when p_locale = 'fr' then 'FR' else 'GB' end);

-- lint:allow backfill: before the first release
update crm.tenants set phone_region = app.likely_region(timezone, locale);
-- lint:allow not-null: before the first release
alter table crm.tenants alter column phone_region set not null;

create function app.place_tenant() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.phone_region := coalesce(new.phone_region, app.likely_region(new.timezone, new.locale));
  return new;
end $$;
create trigger place before insert on crm.tenants for each row execute function app.place_tenant();
grant update (phone_region) on crm.tenants to closerflow_web;
create trigger keep_to_admins before update of phone_region on crm.tenants
  for each row execute function app.keep_to_admins();

-- ------------------------------------------------------------------ imports

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
call app.fence('crm.lead_imports');
call app.keep_updated_at('crm.lead_imports');
grant select on crm.lead_imports to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, file_name, sha256, bytes, encoding, delimiter, names_delimiter, mark_bytes,
              rows, header, sample, fingerprint, created_by),
      update (mapping, mode, owner_id, source, state, round)
  on crm.lead_imports to closerflow_web;

-- The file in pieces, until its rows are written.
create table crm.lead_import_chunks (
  tenant_id uuid not null,
  import_id uuid not null,
  position int not null check (position >= 0),
  bytes bytea not null check (octet_length(bytes) between 1 and 1048576),
  primary key (tenant_id, import_id, position),
  constraint lead_import_chunks_import_fkey foreign key (tenant_id, import_id)
    references crm.lead_imports (tenant_id, id)
);
alter table crm.lead_import_chunks alter column bytes set storage external;
call app.fence('crm.lead_import_chunks');
grant select, insert on crm.lead_import_chunks to closerflow_web;
grant select, delete on crm.lead_import_chunks to closerflow_worker;

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
grant select, insert, delete on crm.lead_import_rows to closerflow_worker;

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

-- lint:allow index: before the first release
create index leads_external_id_idx on crm.leads (tenant_id, external_id)
  where external_id is not null and (deleted_at is null or merged_into is not null);

-- Called for each lead several times: without a setting and without STRICT they become part of the expressions
-- they stand in. Their names were resolved when they were made.
alter function app.fold(text) reset search_path;
alter function app.fold(text) called on null input;
alter function app.are_tags(text[]) reset search_path;

-- An import goes one way. The web may ask for a dry run, for the writing and for the undo, no more.
create function app.keep_import() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  move constant text := old.state || ' ' || new.state;
begin
  if tg_op = 'INSERT' then
    new.state := 'mapping';
    new.created_by := app.actor();
    return new;
  end if;
  if new.state <> old.state or new.round <> old.round then
    if move not in ('mapping checking', 'checked checking', 'checking checking', 'checked committing', 'done undoing',
                    -- Half written, and no worker gets any further.
                    'committing undoing')
       and (current_user <> 'closerflow_owner'
            or move not in ('checking checked', 'committing done', 'undoing undone')) then
      raise exception 'an import does not move from % to %', old.state, new.state
        using errcode = 'CF409', constraint = 'lead_imports_state';
    end if;
  end if;
  if (new.mapping, new.mode, new.owner_id, new.source) is distinct from (old.mapping, old.mode, old.owner_id, old.source)
     and new.state <> 'checking' then
    raise exception 'what was checked is what is written'
      using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  return new;
end $$;
create trigger keep before insert or update on crm.lead_imports for each row execute function app.keep_import();

-- A function of the owner's that wrote the copies with the leads says so.
drop trigger copy_to_leads on crm.lead_contacts;
create trigger copy_to_leads after insert or update of is_primary or delete on crm.lead_contacts
  for each row
  when (not (current_user = 'closerflow_owner' and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.copy_linked_contact();

-- Who acts is looked up once a row; a function of the owner's that writes many rows has looked already, and
-- says so. The login roles still cannot: inside their own statements they are not the owner.
create or replace function app.stamp_actor() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  if current_user <> 'closerflow_owner' or new.actor_id is null then
    new.actor_id := app.actor();
  end if;
  return new;
end $$;
create or replace function app.stamp_audit() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.request_id := app.request_id();
  -- The sign-in role has no ticket yet; app.open_session, the only thing it can call, names the person.
  if session_user <> 'closerflow_sign_in' and (current_user <> 'closerflow_owner' or new.actor_id is null) then
    new.actor_id := app.actor();
    new.actor_kind := case when new.actor_id is not null then 'member'
      when session_user = 'closerflow_worker' then 'worker' else 'operator' end;
  end if;
  return new;
end $$;
create or replace function app.keep_lead() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.stage := 'new';
    new.outcome := 'open';
    new.contact_status := 'new';
    if current_user <> 'closerflow_owner' or new.created_by is null then
      new.created_by := app.actor();
    end if;
    return new;
  end if;
  if new.stage <> old.stage and new.stage_since = old.stage_since then new.stage_since := now(); end if;
  if new.outcome <> old.outcome then
    new.outcome_since := now();
    new.converted_at := case when new.outcome = 'won' then now() end;
    if new.outcome <> 'won' then new.client_id := null; end if;
  end if;
  if new.event_seq <> old.event_seq then
    new.last_activity_at := now();
  elsif new.people is not distinct from old.people
        or (new.contact_name, new.contact_email, new.contact_phone)
           is distinct from (old.contact_name, old.contact_email, old.contact_phone) then
    -- Somebody more beside the primary person makes nobody's edit an old one.
    new.revision := old.revision + 1;
  end if;
  return new;
end $$;

-- A UUIDv7 of the n-th place behind a millisecond: rows that are written together keep their order.
create function app.uuid_at(p_ms bigint, p_n bigint) returns uuid
  language sql volatile parallel safe
  return (lpad(to_hex(p_ms + p_n / 4096), 12, '0') || '7' || lpad(to_hex(p_n % 4096), 3, '0')
          || substr(replace(gen_random_uuid()::text, '-', ''), 17, 16))::uuid;

-- Tells the planner of the tables that an import works on while it takes them for empty: it would go through
-- all of a tenant's rows for each line. Whoever comes while another does it goes on without.
create function sec.size_import_tables() returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  small text;
begin
  for small in
    select c.oid::regclass::text from pg_class c
     where c.oid in ('crm.leads'::regclass, 'crm.contacts'::regclass, 'crm.lead_contacts'::regclass, 'crm.lead_import_rows'::regclass)
       and c.reltuples < 1000
  loop
    if pg_try_advisory_xact_lock(hashtextextended('analyze:' || small, 0)) then execute 'analyze ' || small; end if;
  end loop;
end $$;

-- Finds whom the rows of some lines are about, and says what would become of them: somebody known by
-- number of record, address or telephone number, or of the same name at the same company, is a duplicate, or
-- updated, or, where it is a person, given a new lead, as the mode says; the rest are new. A merged lead is the one it went into. A number of record beside
-- the address of somebody who does not stand at that lead is an error: it would be written over the wrong person. Where only name and company speak and the file has an address
-- or a number of its own, it is left to a person.
create function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  chosen_mode text;
begin
  select i.mode into strict chosen_mode from crm.lead_imports i where i.tenant_id = this_tenant and i.id = p_import;
  perform sec.size_import_tables();
  -- Rows are written where they were read: a join by line would pair each with each while the planner takes
  -- a file it has not seen for one row.
  with asked as materialized (
    select r.ctid as place, r.line, r.known_id, r.external_id, r.company, nullif(concat_ws(' ', r.first_name, r.last_name), '') as name,
           coalesce(r.email, r.phone) is not null as has_address,
           coalesce(r.first_name, r.last_name, r.email, r.phone) is not null as has_person,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.email = r.email and c.deleted_at is null) as by_email,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.phone = r.phone and c.deleted_at is null) as by_phone
      from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.line between p_from and p_to
       and r.status in ('read', 'new', 'update')
  ), known as materialized (
    select a.*, coalesce(a.by_email, a.by_phone) as contact_id,
           coalesce(
             case when a.known_id is not null then
               (select l.id from crm.leads l
                 where l.tenant_id = this_tenant and l.deleted_at is null and l.id = (
                   select coalesce(g.merged_into, g.id) from crm.leads g
                    where g.tenant_id = this_tenant and g.id = a.known_id)) end,
             case when a.external_id is not null then
               (select l.id from crm.leads l
                 where l.tenant_id = this_tenant and l.deleted_at is null and l.id = (
                   select coalesce(g.merged_into, g.id) from crm.leads g
                    where g.tenant_id = this_tenant and g.external_id = a.external_id
                      and (g.deleted_at is null or g.merged_into is not null)
                    order by g.deleted_at is null desc, g.id desc limit 1)) end) as by_number,
           case when chosen_mode <> 'add' and coalesce(a.by_email, a.by_phone) is not null then
             (select l.id from crm.lead_contacts lc
               join crm.leads l on l.tenant_id = lc.tenant_id and l.id = lc.lead_id
              where lc.tenant_id = this_tenant and lc.contact_id = coalesce(a.by_email, a.by_phone)
                and l.deleted_at is null
              order by (l.outcome = 'open' and l.archived_at is null) desc, l.id desc limit 1) end as by_person
      from asked a
  ), ranked as materialized (
    -- Two lines that name one person by different means are one: the first counts.
    select k.*, row_number() over (partition by k.contact_id order by k.line) as nth,
           first_value(k.line) over (partition by k.contact_id order by k.line) as first_line,
           k.by_number is not null and k.contact_id is not null and (
             select lc.contact_id from crm.lead_contacts lc
              where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.contact_id = k.contact_id) is null as is_elsewhere,
           case when k.contact_id is null and k.by_number is null and k.name is not null and k.company is not null then
             (select l.id from crm.leads l
               where l.tenant_id = this_tenant and coalesce(app.fold(l.company), '') = app.fold(k.company)
                 and app.fold(l.contact_name) = app.fold(k.name) and l.archived_at is null and l.deleted_at is null
               order by l.id desc limit 1) end as by_name
      from known k
  ), judged as (
    select k.place, k.contact_id, coalesce(k.by_number, k.by_person, k.by_name) as lead_id,
           case
             when k.by_email <> k.by_phone or k.is_elsewhere or w.has_nobody then 'error'
             when k.contact_id is not null and k.nth > 1 then 'duplicate'
             when coalesce(k.by_number, k.by_person, k.by_name) is null then 'new'
             when chosen_mode in ('create', 'add') or coalesce(k.by_number, k.by_person) is null and k.has_address then 'duplicate'
             else 'update' end as status,
           case
             when k.by_email <> k.by_phone then array['two_people']
             when k.is_elsewhere then array['other_person']
             when w.has_nobody then array['no_person']
             when k.contact_id is not null and k.nth > 1 then array['same_line:' || k.first_line]
             when coalesce(k.by_number, k.by_person) is not null and chosen_mode in ('create', 'add') then array['known']
             when k.by_name is not null and (chosen_mode in ('create', 'add') or k.has_address) then array['similar']
             else '{}' end as reasons
      from ranked k
      -- A person is written over one who is known, never put at a lead that has nobody.
      cross join lateral (
        select chosen_mode in ('update', 'fill_blanks') and k.has_person and k.contact_id is null
               and k.by_number is not null and not exists (
                 select from crm.lead_contacts lc join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
                  where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.is_primary
                    and c.deleted_at is null) as has_nobody) w
  )
  update crm.lead_import_rows r
     set lead_id = j.lead_id, contact_id = j.contact_id, status = j.status, reasons = j.reasons
    from judged j
   where r.ctid = j.place
     -- Most stand as the dry run left them.
     and (r.status <> j.status or r.lead_id is distinct from j.lead_id or r.contact_id is distinct from j.contact_id);
end $$;

-- Ends the dry run: counts what it found.
create function app.finish_check(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.lead_imports i
       set state = 'checked', new_rows = c.new_rows, update_rows = c.update_rows,
           duplicate_rows = c.duplicate_rows, error_rows = c.error_rows
      from (select count(*) filter (where r.status = 'new') as new_rows,
                   count(*) filter (where r.status = 'update') as update_rows,
                   count(*) filter (where r.status = 'duplicate') as duplicate_rows,
                   count(*) filter (where r.status = 'error') as error_rows
              from crm.lead_import_rows r where r.tenant_id = app.tenant() and r.import_id = p_import) c
     where i.tenant_id = app.tenant() and i.id = p_import and i.state = 'checking';
  end;

-- Locks the import in the state that this step belongs to, or raises.
create function sec.import_in(p_import uuid, p_state text) returns crm.lead_imports
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import crm.lead_imports;
begin
  select * into this_import from crm.lead_imports i
   where i.tenant_id = app.tenant() and i.id = p_import for no key update;
  if not found or this_import.state <> p_state then
    raise exception 'the import is not %', p_state using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  return this_import;
end $$;

-- Writes the next new leads behind a line as the form's intake does: the lead with its stage, its person, its
-- event, its place on the timeline and in the audit log, and marks their rows. No line when none is left.
create function app.import_new_leads(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_actor constant uuid := app.actor();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
  from_line int;
  -- While the tables look empty to the planner, the checks of foreign keys go through all of a tenant's rows:
  -- one small batch first, then it is told (sec.size_import_tables).
  is_first constant boolean := (select c.reltuples < 1000 from pg_class c where c.oid = 'crm.leads'::regclass);
begin
  select min(p.line), max(p.line) into from_line, last_line from (
    select r.line from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'new'
       and r.line > p_after
     order by r.line limit case when is_first then least(p_limit, 500) else p_limit end) p;
  written := 0;
  if from_line is null then return; end if;
  -- Somebody may have captured one of them since the dry run; another import of the tenant's waits.
  perform pg_advisory_xact_lock(hashtextextended('import:' || this_tenant, 0));
  perform app.judge_import(p_import, from_line, last_line);

  perform set_config('app.copies', 'written', true);
  with batch as (
    update crm.lead_import_rows r
       set status = 'done', makes_lead = true, lead_id = app.uuid_at(now_ms, r.line - from_line),
           makes_contact = r.contact_id is null and coalesce(r.first_name, r.last_name, r.email, r.phone) is not null,
           contact_id = case when coalesce(r.contact_id::text, r.first_name, r.last_name, r.email, r.phone) is not null
                             then coalesce(r.contact_id, app.uuid_at(now_ms, r.line - from_line)) end
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'new' and r.line between from_line and last_line
    returning r.line as n, r.*
  ), numbered as (
    select b.*, coalesce(b.source, this_import.source) as lead_source,
           case when coalesce(b.owner_id, this_import.owner_id) is null
                then count(*) filter (where coalesce(b.owner_id, this_import.owner_id) is null) over (order by b.n) end as turn
      from batch b
  ), chosen as materialized (
    select c.* from app.choose_owners(
      (select array_agg(o.lead_source order by o.n) from numbered o where o.turn is not null)) c
  ), owned as (
    -- Who is named in the file or on the page; else the tenant's strategy.
    select o.*, coalesce(o.owner_id, this_import.owner_id, c.user_id) as owner, coalesce(c.strategy, 'manual') as strategy,
           c.reason
      from numbered o left join chosen c on c.n = o.turn
  ), made_contacts as (
    insert into crm.contacts (tenant_id, id, first_name, last_name, email, phone)
    select this_tenant, b.contact_id, b.first_name, b.last_name, b.email, b.phone from batch b where b.makes_contact
    order by b.n
  ), filled as (
    -- A person who is known keeps what was known of them; blanks are filled, and the ledger says which.
    update crm.contacts c
       set first_name = coalesce(c.first_name, b.first_name), last_name = coalesce(c.last_name, b.last_name),
           email = coalesce(c.email, b.email), phone = coalesce(c.phone, b.phone)
      from batch b
     where c.tenant_id = this_tenant and c.id = b.contact_id and not b.makes_contact
       and (c.first_name is null and b.first_name is not null or c.last_name is null and b.last_name is not null
            or c.email is null and b.email is not null or c.phone is null and b.phone is not null)
    returning c.id
  ), ledger as (
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, field, old, new)
    select this_tenant, this_import.operation_id, 'contact', c.id, f.field, null, to_jsonb(f.given)
      from batch b
      cross join lateral (
        select x.id, x.first_name, x.last_name, x.email, x.phone from crm.contacts x
         where not b.makes_contact and x.tenant_id = this_tenant and x.id = b.contact_id offset 0) c
      cross join lateral (values ('first_name', c.first_name, b.first_name), ('last_name', c.last_name, b.last_name),
                                 ('email', c.email::text, b.email), ('phone', c.phone::text, b.phone)) f (field, had, given)
     where f.had is null and f.given is not null
  ), made_leads as (
    insert into crm.leads (tenant_id, id, title, description, company, source, owner_id, estimated_value, tags,
                           external_id, language, created_by, contact_name, contact_email, contact_phone, event_seq)
    select this_tenant, b.lead_id, b.title, coalesce(b.description, ''), b.company, b.lead_source,
           b.owner, b.estimated_value, coalesce(b.tags, '{}'), b.external_id,
           b.language, this_actor,
           nullif(concat_ws(' ', coalesce(c.first_name, b.first_name), coalesce(c.last_name, b.last_name)), ''),
           coalesce(c.email, b.email), coalesce(c.phone, b.phone),
           1 + (b.owner is not null)::int + (b.message is not null)::int
      from owned b
      left join lateral (
        select x.first_name, x.last_name, x.email, x.phone from crm.contacts x
         where not b.makes_contact and x.tenant_id = this_tenant and x.id = b.contact_id offset 0) c on true
     order by b.n
  ), links as (
    insert into crm.lead_contacts (tenant_id, lead_id, contact_id, is_primary)
    select this_tenant, b.lead_id, b.contact_id, true from batch b where b.contact_id is not null order by b.n
  ), steps as (
    insert into crm.lead_stage_history (tenant_id, id, lead_id, to_stage, actor_id)
    select this_tenant, b.lead_id, b.lead_id, 'new', this_actor from batch b order by b.n
  ), given as (
    insert into crm.lead_assignments (tenant_id, id, lead_id, to_user, strategy, reason, actor_id)
    select this_tenant, b.lead_id, b.lead_id, b.owner, b.strategy, b.reason, this_actor
      from owned b where b.owner is not null order by b.n
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, b.lead_id, 'lead', b.lead_id, 1, 'LeadCreated', 1,
           jsonb_build_object('contact', b.contact_id, 'source', coalesce(b.source, this_import.source),
                              'operation', this_import.operation_id),
           this_tenant || ':LeadCreated.v1:' || b.lead_id
      from batch b order by b.n
  ), given_told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - from_line), 'lead', b.lead_id, 2, 'LeadAssigned', 1,
           jsonb_build_object('from', null, 'to', b.owner, 'strategy', b.strategy, 'operation', this_import.operation_id),
           this_tenant || ':LeadAssigned.v1:' || b.lead_id
      from owned b where b.owner is not null order by b.n
  ), given_shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - from_line), b.lead_id, 'lead_assigned', this_actor,
           jsonb_strip_nulls(jsonb_build_object('user', b.owner, 'strategy', b.strategy, 'reason', b.reason,
                                                'operation', this_import.operation_id))
      from owned b where b.owner is not null order by b.n
  ), given_logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, new)
    select this_tenant, app.uuid_at(now_ms, 4096 + b.n - from_line), this_actor, 'member', 'lead_assigned', 'lead', b.lead_id,
           'owner', b.owner
      from owned b where b.owner is not null order by b.n
  ), threads as (
    -- What they wrote begins a conversation, as in the form's intake.
    insert into crm.threads (tenant_id, id, lead_id, channel, awaiting_reply)
    select this_tenant, b.lead_id, b.lead_id, 'form', true from batch b where b.message is not null order by b.n
  ), messages as (
    insert into crm.messages (tenant_id, id, thread_id, role, content, actor_id)
    select this_tenant, b.lead_id, b.lead_id, 'lead', b.message, this_actor from batch b
     where b.message is not null order by b.n
  ), heard as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, app.uuid_at(now_ms, 8192 + b.n - from_line), 'lead', b.lead_id, 2 + (b.owner is not null)::int,
           'MessageReceived', 1, jsonb_build_object('message', b.lead_id, 'operation', this_import.operation_id),
           this_tenant || ':MessageReceived.v1:' || b.lead_id
      from owned b where b.message is not null order by b.n
  ), heard_on_timeline as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, app.uuid_at(now_ms, 8192 + b.n - from_line), b.lead_id, 'message_received', this_actor,
           jsonb_build_object('message', b.lead_id, 'operation', this_import.operation_id)
      from batch b where b.message is not null order by b.n
  ), shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, b.lead_id, b.lead_id, 'lead_created', this_actor,
           jsonb_strip_nulls(jsonb_build_object('subject', coalesce(b.source, this_import.source),
                                                'operation', this_import.operation_id))
      from batch b order by b.n
  ), logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id)
    select this_tenant, b.lead_id, this_actor, 'member', 'lead_created', 'lead', b.lead_id from batch b order by b.n
  )
  select count(*) into written from batch;
  perform set_config('app.copies', '', true);
end $$;

-- Changes of fields on their way from one statement to the next.
create function app.import_changes(p_changes jsonb)
  returns table (seq bigint, entity text, entity_id uuid, lead_id uuid, field text, old jsonb, new jsonb)
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select c.seq, c.entity, c.entity_id, c.lead_id, c.field, c.old, c.new
      from jsonb_to_recordset(coalesce(p_changes, '[]')) as c (
        seq bigint, entity text, entity_id uuid, lead_id uuid, field text, old jsonb, new jsonb);
  end;

-- Carries them out, and records them: the event, the timeline, the audit log.
create function sec.apply_import_changes(p_import crm.lead_imports, p_actor uuid, p_changes jsonb) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  p_tenant constant uuid := p_import.tenant_id;
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  update crm.contacts c
     set (first_name, last_name, email, phone) =
         (select n.first_name, n.last_name, n.email, n.phone from jsonb_populate_record(c, p.patch) n)
    from (select x.entity_id, jsonb_object_agg(x.field, coalesce(x.new, 'null')) as patch
            from app.import_changes(p_changes) x where x.entity = 'contact' group by x.entity_id) p
   where c.tenant_id = p_tenant and c.id = p.entity_id;
  update crm.leads l
     set (title, description, company, source, estimated_value, external_id, tags, language, owner_id) =
         (select n.title, n.description, n.company, n.source, n.estimated_value, n.external_id, n.tags, n.language, n.owner_id
            from jsonb_populate_record(l, p.patch) n)
    from (select x.entity_id, jsonb_object_agg(x.field, coalesce(x.new, 'null')) as patch
            from app.import_changes(p_changes) x where x.entity = 'lead' group by x.entity_id) p
   where l.tenant_id = p_tenant and l.id = p.entity_id;

  insert into crm.lead_assignments (tenant_id, id, lead_id, from_user, to_user, strategy, actor_id)
  select p_tenant, app.uuid_at(now_ms, row_number() over (order by c.lead_id)), c.lead_id, (c.old #>> '{}')::uuid,
         (c.new #>> '{}')::uuid, 'manual', p_actor
    from app.import_changes(p_changes) c where c.entity = 'lead' and c.field = 'owner_id';

  with changed as (
    select c.lead_id, row_number() over (order by c.lead_id) as n, array_agg(c.field order by c.field) as fields
      from app.import_changes(p_changes) c where c.lead_id is not null group by c.lead_id
  ), numbered as (
    update crm.leads l set event_seq = l.event_seq + 1 from changed c
     where l.tenant_id = p_tenant and l.id = c.lead_id
    returning l.id, l.event_seq, c.fields, app.uuid_at(now_ms, c.n) as event
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select p_tenant, n.event, 'lead', n.id, n.event_seq, 'LeadUpdated', 1,
           jsonb_build_object('fields', n.fields, 'operation', p_import.operation_id),
           p_tenant || ':LeadUpdated.v1:' || n.id || ':' || n.event
      from numbered n
  )
  insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
  select p_tenant, n.event, n.id, 'lead_updated', p_actor,
         jsonb_build_object('subject', array_to_string(n.fields, ' '), 'operation', p_import.operation_id)
    from numbered n;
  insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, old, new)
  select p_tenant, app.uuid_at(now_ms, row_number() over (order by c.lead_id, c.field)), p_actor, 'member', 'lead_updated',
         'lead', c.lead_id, case c.field when 'owner_id' then 'owner' else c.field end, app.plain(c.old), app.plain(c.new)
    from app.import_changes(p_changes) c where c.lead_id is not null;
end $$;

-- Writes the next updates of leads that are known, and what each field was before; lines about one lead, or
-- one person, take their turns. No line when none is left.
create function app.import_updates(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
  fills constant boolean := this_import.mode = 'fill_blanks';
  from_line int;
  lines int[];
  changes jsonb;
begin
  select min(p.line), max(p.line) into from_line, last_line from (
    select r.line from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'update'
       and r.line > p_after
     order by r.line limit p_limit) p;
  written := 0;
  if from_line is null then return; end if;
  -- Somebody may have changed them since the dry run.
  perform app.judge_import(p_import, from_line, last_line);
  select array_agg(t.line order by t.line) into lines from (
    select q.line, row_number() over (partition by q.lead_id order by q.line) as of_lead,
           row_number() over (partition by coalesce(q.contact_id, q.lead_id) order by q.line) as of_contact
      from (select r.line, r.lead_id, coalesce(r.contact_id, (
                     select lc.contact_id from crm.lead_contacts lc
                      where lc.tenant_id = this_tenant and lc.lead_id = r.lead_id and lc.is_primary)) as contact_id
              from crm.lead_import_rows r
             where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'update'
               and r.line between from_line and last_line) q) t
   where t.of_lead = 1 and t.of_contact = 1;
  if lines is null then return; end if;
  written := cardinality(lines);
  perform from crm.leads l
   where l.tenant_id = this_tenant
     and l.id in (select r.lead_id from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update')
   order by l.id for no key update;
  perform from crm.contacts c
   where c.tenant_id = this_tenant
     and c.id in (select coalesce(r.contact_id, (
                      select lc.contact_id from crm.lead_contacts lc
                       where lc.tenant_id = this_tenant and lc.lead_id = r.lead_id and lc.is_primary))
                    from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update')
   order by c.id for no key update;

  select jsonb_agg(jsonb_build_object('entity', f.entity, 'entity_id', f.entity_id, 'lead_id', r.lead_id,
                                      'field', f.field, 'old', f.old, 'new', f.new))
    into changes
    from crm.lead_import_rows r
    join crm.leads l on l.tenant_id = this_tenant and l.id = r.lead_id
    left join crm.contacts c on c.tenant_id = this_tenant and c.deleted_at is null and c.id = coalesce(r.contact_id, (
      select lc.contact_id from crm.lead_contacts lc
       where lc.tenant_id = this_tenant and lc.lead_id = l.id and lc.is_primary))
    cross join lateral (values
      -- A title that the file does not give was made up for new leads.
      ('lead', l.id, 'title', to_jsonb(l.title), case when 'title' = any (this_import.mapping) then to_jsonb(r.title) end),
      ('lead', l.id, 'description', to_jsonb(l.description), to_jsonb(r.description)),
      ('lead', l.id, 'company', to_jsonb(l.company), to_jsonb(r.company)),
      ('lead', l.id, 'source', to_jsonb(l.source), to_jsonb(r.source)),
      ('lead', l.id, 'estimated_value', to_jsonb(l.estimated_value), to_jsonb(r.estimated_value)),
      ('lead', l.id, 'external_id', to_jsonb(l.external_id), to_jsonb(r.external_id)),
      -- Tags are added to those that are there.
      ('lead', l.id, 'tags', to_jsonb(l.tags), case when cardinality(r.tags) > 0 then to_jsonb((
         l.tags || array(select t from unnest(r.tags) with ordinality u (t, n) where t <> all (l.tags) order by n))[:20]) end),
      -- A language that the file does not give was told by what new leads wrote.
      ('lead', l.id, 'language', to_jsonb(l.language), case when 'language' = any (this_import.mapping) then to_jsonb(r.language) end),
      ('lead', l.id, 'owner_id', to_jsonb(l.owner_id), to_jsonb(r.owner_id)),
      ('contact', c.id, 'first_name', to_jsonb(c.first_name), to_jsonb(r.first_name)),
      ('contact', c.id, 'last_name', to_jsonb(c.last_name), to_jsonb(r.last_name)),
      ('contact', c.id, 'email', to_jsonb(c.email::text), to_jsonb(r.email)),
      ('contact', c.id, 'phone', to_jsonb(c.phone::text), to_jsonb(r.phone))
    ) f (entity, entity_id, field, old, new)
   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update'
     and f.entity_id is not null and f.new is not null and f.new is distinct from f.old
     and (not fills or f.old is null or f.old in ('""', '[]'));

  perform sec.apply_import_changes(this_import, app.actor(), changes);
  insert into crm.operation_changes as o (tenant_id, operation_id, entity, entity_id, field, old, new)
  select this_tenant, this_import.operation_id, c.entity, c.entity_id, c.field, c.old, c.new
    from app.import_changes(changes) c
  on conflict on constraint operation_changes_key do update set new = excluded.new;
  update crm.lead_import_rows r set status = 'done'
   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update';
end $$;

-- Leaves out the next row of a status behind a line: by itself it met an error of its data. No line when there
-- is none.
create function app.refuse_import_row(
  p_import uuid, p_after int, p_status text, p_why text, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
begin
  written := 0;
  update crm.lead_import_rows r set status = 'error', reasons = array['refused:' || p_why], lead_id = null, contact_id = null
   where r.tenant_id = this_import.tenant_id and r.import_id = p_import and p_status in ('new', 'update')
     and r.line = (select min(n.line) from crm.lead_import_rows n
                    where n.tenant_id = this_import.tenant_id and n.import_id = p_import and n.status = p_status
                      and n.line > p_after)
  returning r.line into last_line;
end $$;

-- Ends the writing. The file is not needed any more; its rows stay.
create function app.finish_import(p_import uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
begin
  delete from crm.lead_import_chunks c where c.tenant_id = this_import.tenant_id and c.import_id = p_import;
  update crm.lead_imports i
     set state = 'done', committed_at = now(), new_rows = c.new_rows, update_rows = c.update_rows,
         duplicate_rows = c.duplicate_rows, error_rows = c.error_rows
    from (select count(*) filter (where r.status = 'done' and r.makes_lead) as new_rows,
                 count(*) filter (where r.status = 'done' and not r.makes_lead) as update_rows,
                 count(*) filter (where r.status = 'duplicate') as duplicate_rows,
                 count(*) filter (where r.status = 'error') as error_rows
            from crm.lead_import_rows r where r.tenant_id = this_import.tenant_id and r.import_id = p_import) c
   where i.tenant_id = this_import.tenant_id and i.id = p_import;
  update crm.operations o set subjects = (
      select i.new_rows + i.update_rows from crm.lead_imports i where i.tenant_id = this_import.tenant_id and i.id = p_import)
   where o.tenant_id = this_import.tenant_id and o.id = this_import.operation_id;
  -- The owners are told once, however many they were given.
  insert into crm.notifications (tenant_id, id, user_id, kind, subject_id, count)
  select this_import.tenant_id, app.new_id(), a.to_user, 'assigned', this_import.operation_id, count(*)
    from crm.lead_import_rows r
   -- By key, row by row: a join would be planned for the one row that the planner takes a new file for.
   cross join lateral (select x.to_user from crm.lead_assignments x
                        where x.tenant_id = r.tenant_id and x.id = r.lead_id limit 1) a
   where r.tenant_id = this_import.tenant_id and r.import_id = p_import and r.status = 'done' and r.makes_lead
     and a.to_user <> (select app.actor())
   group by a.to_user;
end $$;

-- Whoever asked for a step of an import is told how it ended, in the transaction that ends it.
create function app.tell_of_import() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.notifications (tenant_id, id, user_id, kind, subject_id, count)
  select new.tenant_id, app.new_id(), new.requested_by,
         case when new.state = 'failed' then 'import_failed' else 'import_' || i.state end, i.id, i.new_rows + i.update_rows
    from crm.lead_imports i
   where i.tenant_id = new.tenant_id and i.id = new.subject_id
     and (new.state = 'failed' or i.state in ('checked', 'done', 'undone'));
  return null;
end $$;
create trigger tell_of_import after update of state on crm.jobs
  for each row when (new.kind = 'import' and old.state <> new.state and new.state in ('done', 'failed'))
  execute function app.tell_of_import();

-- What an import did is taken back by its own undo, in batches.
create function app.keep_import_operation() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.lead_imports i
                  where i.tenant_id = new.tenant_id and i.operation_id = new.id and i.state = 'undoing') then
    raise exception 'an import is taken back on its own page' using errcode = 'CF409', constraint = 'operations_undone_once';
  end if;
  return new;
end $$;
create trigger keep_import before update of undone_at on crm.operations
  for each row when (new.kind = 'import' and old.undone_at is null and new.undone_at is not null)
  execute function app.keep_import_operation();

-- Begins the writing, once: the operation that its undo goes by.
create function app.start_import(p_import uuid, p_operation uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'checked');
begin
  insert into crm.operations (tenant_id, id, kind, action, actor_id)
  values (this_import.tenant_id, p_operation, 'import', 'leads', app.actor());
  update crm.lead_imports set state = 'committing', operation_id = p_operation
   where tenant_id = this_import.tenant_id and id = p_import;
end $$;

-- Puts back the next fields that the import changed, where they still are as it left them; the others
-- are left and marked. Nothing is written when none is left.
create function app.undo_import_changes(p_import uuid, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'undoing');
  ids constant uuid[] := array(
    select o.entity_id from crm.operation_changes o
     where o.tenant_id = this_tenant and o.operation_id = this_import.operation_id and o.outcome is null
     order by o.seq limit p_limit);
  changes jsonb;
begin
  perform from crm.leads l where l.tenant_id = this_tenant and l.id = any (ids) order by l.id for no key update;
  perform from crm.contacts c where c.tenant_id = this_tenant and c.id = any (ids) order by c.id for no key update;
  with picked as materialized (
    select o.ctid as place, o.* from crm.operation_changes o
     where o.tenant_id = this_tenant and o.operation_id = this_import.operation_id and o.outcome is null
     order by o.seq limit p_limit
  ), before as materialized (
    select p.entity_id, jsonb_object_agg(p.field, p.old) as fields from picked p where p.entity = 'contact' group by p.entity_id
  ), judged as (
    select p.place, p.seq, p.entity, p.entity_id, p.field, p.old, p.new,
           case p.entity
             when 'lead' then (select l.id from crm.leads l where l.tenant_id = this_tenant and l.id = p.entity_id)
             else (select lc.lead_id from crm.lead_contacts lc
                     join crm.leads l on l.tenant_id = lc.tenant_id and l.id = lc.lead_id
                    where lc.tenant_id = this_tenant and lc.contact_id = p.entity_id and l.deleted_at is null
                    order by lc.is_primary desc, lc.lead_id limit 1) end as lead_id,
           case p.entity
             when 'lead' then exists (
               select from crm.leads l where l.tenant_id = this_tenant and l.id = p.entity_id
                  and coalesce(to_jsonb(l) -> p.field, 'null') = coalesce(p.new, 'null'))
             else exists (
               select from crm.contacts c where c.tenant_id = this_tenant and c.id = p.entity_id and c.deleted_at is null
                  and coalesce(to_jsonb(c) -> p.field, 'null') = coalesce(p.new, 'null')
                  -- Nobody is left without a name, an address and a number.
                  and (select coalesce(a.person ->> 'first_name', a.person ->> 'last_name', a.person ->> 'email', a.person ->> 'phone')
                         from (select to_jsonb(c) || b.fields as person from before b where b.entity_id = c.id) a) is not null
                  -- Somebody else may have been given the address or the number meanwhile.
                  and not exists (
                    select from crm.contacts x
                     where x.tenant_id = this_tenant and x.deleted_at is null and x.id <> c.id
                       and (p.field = 'email' and x.email = p.old #>> '{}' or p.field = 'phone' and x.phone = p.old #>> '{}')))
           end as is_intact
      from picked p
  ), marked as (
    update crm.operation_changes o set outcome = case when j.is_intact then 'restored' else 'refused' end
      from judged j where o.ctid = j.place
  )
  select count(*), jsonb_agg(to_jsonb(j) - 'place' || jsonb_build_object('old', j.new, 'new', j.old)) filter (where j.is_intact)
    into written, changes from judged j;
  perform sec.apply_import_changes(this_import, app.actor(), changes);
  last_line := nullif(written, 0);
end $$;

-- Deletes the next leads that the import made and nobody touched since, and their people where they stand
-- nowhere else; the others are kept. No line when none is left.
create function app.undo_import_leads(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_actor constant uuid := app.actor();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'undoing');
  now_ms constant bigint := floor(extract(epoch from clock_timestamp()) * 1000);
begin
  perform from crm.leads l
   where l.tenant_id = this_tenant and l.id in (
     select r.lead_id from crm.lead_import_rows r
      where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'done' and r.makes_lead
        and r.line > p_after
      order by r.line limit p_limit)
   order by l.id for no key update;
  with picked as (
    select r.ctid as place, r.lead_id, r.contact_id, r.makes_contact, row_number() over (order by r.line) as n,
           l.deleted_at is not null as is_gone, l.event_seq + 1 as event_seq,
           -- Their owner and what they wrote first came in with them.
           l.event_seq = 1 + (r.message is not null)::int + exists (
             select from crm.lead_assignments a where a.tenant_id = this_tenant and a.id = r.lead_id)::int
             and l.revision = 1 as is_untouched
      from crm.lead_import_rows r join crm.leads l on l.tenant_id = this_tenant and l.id = r.lead_id
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'done' and r.makes_lead
       and r.line > p_after
     order by r.line limit p_limit
  ), marked as (
    update crm.lead_import_rows r
       set status = case when p.is_gone or p.is_untouched then 'undone' else 'kept' end
      from picked p where r.ctid = p.place
    returning r.line
  ), leaving as (
    select p.*, app.uuid_at(now_ms, p.n) as event from picked p where p.is_untouched and not p.is_gone
  ), gone as (
    update crm.leads l set deleted_at = now(), event_seq = p.event_seq from leaving p
     where l.tenant_id = this_tenant and l.id = p.lead_id
  ), alone as (
    update crm.contacts c set deleted_at = now() from leaving p
     where p.makes_contact and c.tenant_id = this_tenant and c.id = p.contact_id and c.deleted_at is null
       and not exists (select from crm.lead_contacts lc
                        join crm.leads x on x.tenant_id = lc.tenant_id and x.id = lc.lead_id
                       where lc.tenant_id = this_tenant and lc.contact_id = c.id and lc.lead_id <> p.lead_id
                         and x.deleted_at is null)
  ), told as (
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    select this_tenant, p.event, 'lead', p.lead_id, p.event_seq, 'LeadDeleted', 1,
           jsonb_build_object('from', 'active', 'operation', this_import.operation_id),
           this_tenant || ':LeadDeleted.v1:' || p.event
      from leaving p
  ), shown as (
    insert into crm.activities (tenant_id, id, lead_id, kind, actor_id, data)
    select this_tenant, p.event, p.lead_id, 'deleted', this_actor, jsonb_build_object('operation', this_import.operation_id)
      from leaving p
  ), logged as (
    insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id, field, old, new)
    select this_tenant, p.event, this_actor, 'member', 'deleted', 'lead', p.lead_id, 'life', 'active', 'deleted' from leaving p
  )
  select count(*), max(m.line) into written, last_line from marked m;
end $$;

-- A lead that is restored has its people again, who went with it when its import was taken back; whoever's
-- address or number is another's by now stays away.
create function app.bring_people_back() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.contacts c set deleted_at = null
    from crm.lead_contacts lc
   where lc.tenant_id = new.tenant_id and lc.lead_id = new.id and c.tenant_id = lc.tenant_id and c.id = lc.contact_id
     and c.deleted_at is not null and not exists (
       select from crm.contacts x
        where x.tenant_id = c.tenant_id and x.deleted_at is null and (x.email = c.email or x.phone = c.phone));
  delete from crm.lead_contacts lc using crm.contacts c
   where lc.tenant_id = new.tenant_id and lc.lead_id = new.id and c.tenant_id = lc.tenant_id and c.id = lc.contact_id
     and c.deleted_at is not null;
  return null;
end $$;
create trigger bring_people_back after update of deleted_at on crm.leads
  for each row when (old.deleted_at is not null and new.deleted_at is null)
  execute function app.bring_people_back();

-- Ends the undo, also of what was half written only: it counts what had been.
create function app.finish_undo(p_import uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'undoing');
  counted record;
begin
  delete from crm.lead_import_chunks c where c.tenant_id = this_import.tenant_id and c.import_id = p_import;
  select count(*) filter (where r.makes_lead) as new_rows,
         count(*) filter (where r.status = 'done' and not r.makes_lead) as update_rows,
         count(*) filter (where r.status = 'duplicate') as duplicate_rows,
         count(*) filter (where r.status = 'error') as error_rows,
         count(*) filter (where r.status = 'kept') as kept_rows
    into counted
    from crm.lead_import_rows r where r.tenant_id = this_import.tenant_id and r.import_id = p_import;
  update crm.operations o
     set undone_at = now(), undone_by = app.actor(), subjects = counted.new_rows + counted.update_rows,
         refused = counted.kept_rows + (select count(*) from crm.operation_changes c
                                         where c.tenant_id = o.tenant_id and c.operation_id = o.id and c.outcome = 'refused')
   where o.tenant_id = this_import.tenant_id and o.id = this_import.operation_id;
  update crm.lead_imports i
     set state = 'undone', new_rows = counted.new_rows, update_rows = counted.update_rows,
         duplicate_rows = counted.duplicate_rows, error_rows = counted.error_rows, kept_rows = counted.kept_rows
   where i.tenant_id = this_import.tenant_id and i.id = p_import;
end $$;

create index lead_imports_unfinished_idx on crm.lead_imports (created_at) where state in ('mapping', 'checking', 'checked');

-- Forgets as before, and files that nobody imported within thirty days of their upload, a slice at a time.
create or replace function app.forget_expired() returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from sec.sessions where expires_at < now() - interval '1 day';
    delete from sec.login_throttles where updated_at < now() - interval '1 day';
    delete from crm.idempotency_keys where created_at < now() - interval '2 days';
    with forgotten as materialized (
      select i.tenant_id, i.id from crm.lead_imports i
       where i.state in ('mapping', 'checking', 'checked') and i.created_at < now() - interval '30 days'
       order by i.created_at limit 1 for update skip locked
    ), chunks as (
      delete from crm.lead_import_chunks c using forgotten f where c.tenant_id = f.tenant_id and c.import_id = f.id
    ), slice as materialized (
      select r.tenant_id, r.import_id, r.line from crm.lead_import_rows r
        join forgotten f on r.tenant_id = f.tenant_id and r.import_id = f.id
       order by r.line limit 20000
    ), lines as (
      delete from crm.lead_import_rows r using slice s
       where r.tenant_id = s.tenant_id and r.import_id = s.import_id and r.line = s.line
    )
    delete from crm.lead_imports i using forgotten f
     where i.tenant_id = f.tenant_id and i.id = f.id and (select count(*) from slice) < 20000;
  end;

grant execute on function app.start_import(uuid, uuid) to closerflow_web;
grant execute on function
  app.judge_import(uuid, int, int), app.finish_check(uuid), app.import_new_leads(uuid, int, int), app.import_updates(uuid, int, int),
  app.refuse_import_row(uuid, int, text, text), app.finish_import(uuid), app.undo_import_changes(uuid, int),
  app.undo_import_leads(uuid, int, int), app.finish_undo(uuid)
  to closerflow_worker;

-- migrate:down
create or replace function app.forget_expired() returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from sec.sessions where expires_at < now() - interval '1 day';
    delete from sec.login_throttles where updated_at < now() - interval '1 day';
    delete from crm.idempotency_keys where created_at < now() - interval '2 days';
  end;
drop function app.start_import(uuid, uuid), app.judge_import(uuid, int, int), app.finish_check(uuid),
  app.import_new_leads(uuid, int, int), app.import_updates(uuid, int, int),
  app.refuse_import_row(uuid, int, text, text), app.finish_import(uuid),
  app.undo_import_changes(uuid, int), app.undo_import_leads(uuid, int, int), app.finish_undo(uuid),
  sec.apply_import_changes(crm.lead_imports, uuid, jsonb), sec.size_import_tables(), app.import_changes(jsonb),
  sec.import_in(uuid, text), app.uuid_at(bigint, bigint);
create or replace function app.stamp_actor() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.actor_id := app.actor();
  return new;
end $$;
create or replace function app.stamp_audit() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.txid := pg_current_xact_id();
  new.created_at := now();
  new.request_id := app.request_id();
  -- The sign-in role has no ticket yet; app.open_session, the only thing it can call, names the person.
  if session_user <> 'closerflow_sign_in' then
    new.actor_id := app.actor();
    new.actor_kind := case when new.actor_id is not null then 'member'
      when session_user = 'closerflow_worker' then 'worker' else 'operator' end;
  end if;
  return new;
end $$;
create or replace function app.keep_lead() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.stage := 'new';
    new.outcome := 'open';
    new.contact_status := 'new';
    new.created_by := app.actor();
    return new;
  end if;
  if new.stage <> old.stage and new.stage_since = old.stage_since then new.stage_since := now(); end if;
  if new.outcome <> old.outcome then
    new.outcome_since := now();
    new.converted_at := case when new.outcome = 'won' then now() end;
    if new.outcome <> 'won' then new.client_id := null; end if;
  end if;
  if new.event_seq <> old.event_seq then
    new.last_activity_at := now();
  elsif new.people is not distinct from old.people
        or (new.contact_name, new.contact_email, new.contact_phone)
           is distinct from (old.contact_name, old.contact_email, old.contact_phone) then
    -- Somebody more beside the primary person makes nobody's edit an old one.
    new.revision := old.revision + 1;
  end if;
  return new;
end $$;
drop trigger copy_to_leads on crm.lead_contacts;
create trigger copy_to_leads after insert or update of is_primary or delete on crm.lead_contacts
  for each row execute function app.copy_linked_contact();
alter function app.are_tags(text[]) set search_path = pg_catalog, pg_temp;
alter function app.fold(text) returns null on null input;
alter function app.fold(text) set search_path = pg_catalog, pg_temp;
drop trigger bring_people_back on crm.leads;
drop function app.bring_people_back();
drop trigger tell_of_import on crm.jobs;
drop function app.tell_of_import();
drop trigger keep_import on crm.operations;
drop function app.keep_import_operation();
drop index crm.leads_external_id_idx;
drop table crm.lead_import_mappings, crm.lead_import_rows, crm.lead_import_chunks, crm.lead_imports;
drop function app.keep_import();
drop trigger keep_to_admins on crm.tenants;
revoke update (phone_region) on crm.tenants from closerflow_web;
drop trigger place on crm.tenants;
drop function app.place_tenant(), app.likely_region(text, text);
alter table crm.tenants drop column phone_region;
