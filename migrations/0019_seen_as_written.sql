-- migrate:up
-- What a dry run showed is what an import writes, what a bulk change does is something, and what is like a number
-- is not looked for.

-- ------------------------------------------------------------------ imports

-- What a lead that would be updated, and its person, looked like in the dry run: a hash of all that an update could
-- write over. Null in the other modes.
alter table crm.lead_import_rows add column seen bigint;

-- Whom a row writes over: the person it names, else the lead's first.
create function sec.import_person(p_tenant uuid, p_lead uuid, p_contact uuid) returns uuid
  language sql stable
  return coalesce(p_contact, (
    select lc.contact_id from crm.lead_contacts lc
     where lc.tenant_id = p_tenant and lc.lead_id = p_lead and lc.is_primary));

-- What a row could write over, as it is now.
create function sec.import_fields(p_tenant uuid, p_lead uuid, p_contact uuid) returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select jsonb_build_object(
             'lead', l.id, 'title', l.title, 'description', l.description, 'company', l.company, 'source', l.source,
             'estimated_value', l.estimated_value, 'external_id', l.external_id, 'language', l.language, 'owner_id', l.owner_id,
             'contact', c.id, 'first_name', c.first_name, 'last_name', c.last_name,
             'email', c.email::text, 'phone', c.phone::text)
      from crm.leads l
      left join crm.contacts c on c.tenant_id = p_tenant and c.deleted_at is null
                              and c.id = sec.import_person(p_tenant, l.id, p_contact)
     where l.tenant_id = p_tenant and l.id = p_lead;
  end;

-- Whether the file itself has something in that column of a row.
create function sec.import_says(p_import crm.lead_imports, p_row crm.lead_import_rows, p_field text) returns boolean
  language sql immutable parallel safe
  return coalesce(p_row.raw[array_position(p_import.mapping, p_field)] ~ '[^[:space:]]', false);

create function sec.import_hash(p_fields jsonb) returns bigint
  language sql immutable parallel safe
  return jsonb_hash_extended(p_fields, 0);

-- Of such fields those that still are as this operation left them, as they were before it.
create function sec.import_changed(p_operation uuid, p_fields jsonb) returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select coalesce(jsonb_object_agg(c.field, coalesce(c.old, 'null')), '{}')
      from (values ('lead'), ('contact')) e (entity)
     cross join lateral (
       select o.field, o.old, o.new from crm.operation_changes o
        where o.tenant_id = app.tenant() and o.operation_id = p_operation and o.entity = e.entity
          and o.entity_id = (p_fields ->> e.entity)::uuid) c
     where coalesce(p_fields -> c.field, 'null') = coalesce(c.new, 'null');
  end;

-- Finds whom the rows of some lines are about, and says what would become of them, as app.judge_import did; while they are
-- written, a row is an error that would write over what was edited after the dry run, or captured after it, and one
-- that would be given to somebody who has left.
create function sec.judge_import(p_import uuid, p_from int, p_to int, p_statuses text[]) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_import crm.lead_imports;
  is_committing boolean;
  gone uuid[] := '{}';
begin
  select * into strict this_import from crm.lead_imports i where i.tenant_id = this_tenant and i.id = p_import;
  is_committing := this_import.state = 'committing';
  perform sec.size_import_tables();
  if is_committing then
    gone := array(select m.user_id from crm.memberships m where m.tenant_id = this_tenant and m.disabled_at is not null);
  end if;
  -- Rows are written where they were read: a join by line would pair each with each while the planner takes
  -- a file it has not seen for one row.
  with asked as materialized (
    select r.ctid as place, r.line, r.status as was, r.seen as was_seen, r.owner_id,
           r.known_id, r.external_id, app.fold(r.company) as company,
           app.fold(nullif(concat_ws(' ', r.first_name, r.last_name), '')) as name,
           coalesce(r.email, r.phone) is not null as has_address,
           coalesce(r.first_name, r.last_name, r.email, r.phone) is not null as has_person,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.email = r.email and c.deleted_at is null) as by_email,
           (select c.id from crm.contacts c
             where c.tenant_id = this_tenant and c.phone = r.phone and c.deleted_at is null) as by_phone
      from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.line between p_from and p_to
       and r.status = any (p_statuses)
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
           case when this_import.mode <> 'add' and coalesce(a.by_email, a.by_phone) is not null then
             (select l.id from crm.lead_contacts lc
               join crm.leads l on l.tenant_id = lc.tenant_id and l.id = lc.lead_id
              where lc.tenant_id = this_tenant and lc.contact_id = coalesce(a.by_email, a.by_phone)
                and l.deleted_at is null
              order by (l.outcome = 'open' and l.archived_at is null) desc, l.id desc limit 1) end as by_person
      from asked a
  ), ranked as materialized (
    -- Two lines that name one person by different means are one: the first counts. Lines that name two leads are two.
    select k.*, row_number() over same as nth, first_value(k.line) over same as first_line,
           k.by_number is not null and k.contact_id is not null and (
             select lc.contact_id from crm.lead_contacts lc
              where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.contact_id = k.contact_id) is null as is_elsewhere,
           case when k.contact_id is null and k.by_number is null and k.name is not null and k.company is not null then
             (select l.id from crm.leads l
               where l.tenant_id = this_tenant and coalesce(app.fold(l.company), '') = k.company
                 and app.fold(l.contact_name) = k.name and l.archived_at is null and l.deleted_at is null
               order by l.id desc limit 1) end as by_name
      from known k
    window same as (partition by k.contact_id, coalesce(k.by_number, k.by_person) order by k.line)
  ), judged as (
    select k.place, k.was, k.was_seen, k.owner_id, k.contact_id, coalesce(k.by_number, k.by_person, k.by_name) as lead_id,
           case
             when k.by_email <> k.by_phone or k.is_elsewhere or w.has_nobody then 'error'
             when k.contact_id is not null and k.nth > 1 then 'duplicate'
             when coalesce(k.by_number, k.by_person, k.by_name) is null then 'new'
             when this_import.mode in ('create', 'add') or coalesce(k.by_number, k.by_person) is null and k.has_address then 'duplicate'
             else 'update' end as status,
           case
             when k.by_email <> k.by_phone then array['two_people']
             when k.is_elsewhere then array['other_person']
             when w.has_nobody then array['no_person']
             when k.contact_id is not null and k.nth > 1 then array['same_line:' || k.first_line]
             when coalesce(k.by_number, k.by_person) is not null and this_import.mode in ('create', 'add') then array['known']
             when k.by_name is not null and (this_import.mode in ('create', 'add') or k.has_address) then array['similar']
             else '{}' end as reasons
      from ranked k
      -- A person is written over one who is known, never put at a lead that has nobody.
      cross join lateral (
        select this_import.mode in ('update', 'fill_blanks') and k.has_person and k.contact_id is null
               and k.by_number is not null and not exists (
                 select from crm.lead_contacts lc join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
                  where lc.tenant_id = this_tenant and lc.lead_id = k.by_number and lc.is_primary
                    and c.deleted_at is null) as has_nobody) w
  ), weighed as (
    select j.*, w.seen,
           case
             when not is_committing then null
             when j.owner_id = any (gone) and j.status in ('new', 'update')
               or j.owner_id is null and this_import.owner_id = any (gone) and j.status = 'new' then 'left'
             when j.was = 'update' and j.status = 'new' then 'gone'
             when w.seen is null then null
             when j.was = 'new' then 'captured'
             -- What this import itself changed before is no surprise.
             when j.was_seen is distinct from w.seen and j.was_seen is distinct from
               sec.import_hash(w.fields || sec.import_changed(this_import.operation_id, w.fields)) then 'changed'
           end as why_not
      from judged j
      -- Only who updates writes over what is there.
      left join lateral (
        select f.fields, sec.import_hash(f.fields) as seen
          from (select sec.import_fields(this_tenant, j.lead_id, j.contact_id) as fields
                 where this_import.mode = 'update' and j.status = 'update' offset 0) f) w on true
  )
  update crm.lead_import_rows r
     set lead_id = w.lead_id, contact_id = w.contact_id, seen = case when is_committing then r.seen else w.seen end,
         status = case when w.why_not is null then w.status else 'error' end,
         reasons = case when w.why_not is null then w.reasons else array[w.why_not] end
    from weighed w
   where r.ctid = w.place
     -- Most stand as the dry run left them.
     and (r.status <> w.status or r.lead_id is distinct from w.lead_id or r.contact_id is distinct from w.contact_id
          or w.why_not is not null or not is_committing and r.seen is distinct from w.seen);
end $$;

create or replace function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select sec.judge_import(p_import, p_from, p_to, array['read', 'new', 'update']);
  end;

-- As before, but for what is judged and when it is locked: a file with few updates was judged whole in one statement.
create or replace function app.import_updates(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
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
  -- From here on nobody edits what is compared with the dry run, then written over.
  perform from crm.leads l
   where l.tenant_id = this_tenant
     and l.id in (select r.lead_id from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line between from_line and last_line
                     and r.status = 'update')
   order by l.id for no key update;
  perform from crm.contacts c
   where c.tenant_id = this_tenant
     and c.id in (select sec.import_person(this_tenant, r.lead_id, r.contact_id) from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line between from_line and last_line
                     and r.status = 'update')
   order by c.id for no key update;
  -- Somebody may have changed them since the dry run. The new ones in between are judged when they are written.
  perform sec.judge_import(p_import, from_line, last_line, array['update']);
  select array_agg(t.line order by t.line) into lines from (
    select q.line, row_number() over (partition by q.lead_id order by q.line) as of_lead,
           row_number() over (partition by coalesce(q.contact_id, q.lead_id) order by q.line) as of_contact
      from (select r.line, r.lead_id, sec.import_person(this_tenant, r.lead_id, r.contact_id) as contact_id
              from crm.lead_import_rows r
             where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'update'
               and r.line between from_line and last_line) q) t
   where t.of_lead = 1 and t.of_contact = 1;
  if lines is null then return; end if;
  written := cardinality(lines);
  -- Also those that they turned out to be about.
  perform from crm.leads l
   where l.tenant_id = this_tenant
     and l.id in (select r.lead_id from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update')
   order by l.id for no key update;
  perform from crm.contacts c
   where c.tenant_id = this_tenant
     and c.id in (select sec.import_person(this_tenant, r.lead_id, r.contact_id)
                    from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update')
   order by c.id for no key update;

  select jsonb_agg(jsonb_build_object('entity', f.entity, 'entity_id', f.entity_id, 'lead_id', r.lead_id,
                                      'field', f.field, 'old', f.old, 'new', f.new))
    into changes
    from crm.lead_import_rows r
    join crm.leads l on l.tenant_id = this_tenant and l.id = r.lead_id
    left join crm.contacts c on c.tenant_id = this_tenant and c.deleted_at is null
                             and c.id = sec.import_person(this_tenant, l.id, r.contact_id)
    cross join lateral (values
      -- A title that the file does not give was made up for new leads.
      ('lead', l.id, 'title', to_jsonb(l.title), case when sec.import_says(this_import, r, 'title') then to_jsonb(r.title) end),
      ('lead', l.id, 'description', to_jsonb(l.description), to_jsonb(r.description)),
      ('lead', l.id, 'company', to_jsonb(l.company), to_jsonb(r.company)),
      ('lead', l.id, 'source', to_jsonb(l.source), to_jsonb(r.source)),
      ('lead', l.id, 'estimated_value', to_jsonb(l.estimated_value), to_jsonb(r.estimated_value)),
      ('lead', l.id, 'external_id', to_jsonb(l.external_id), to_jsonb(r.external_id)),
      -- Tags are added to those that are there.
      ('lead', l.id, 'tags', to_jsonb(l.tags), case when cardinality(r.tags) > 0 then to_jsonb((
         l.tags || array(select t from unnest(r.tags) with ordinality u (t, n) where t <> all (l.tags) order by n))[:20]) end),
      -- A language that the file does not give was told by what new leads wrote.
      ('lead', l.id, 'language', to_jsonb(l.language), case when sec.import_says(this_import, r, 'language') then to_jsonb(r.language) end),
      ('lead', l.id, 'owner_id', to_jsonb(l.owner_id), to_jsonb(r.owner_id)),
      ('contact', c.id, 'first_name', to_jsonb(c.first_name), to_jsonb(r.first_name)),
      -- Of a name in one word nobody knows which it is.
      ('contact', c.id, 'last_name', to_jsonb(c.last_name),
       case when r.first_name is not null or sec.import_says(this_import, r, 'last_name') or not sec.import_says(this_import, r, 'name') then to_jsonb(r.last_name) end),
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

-- Begins the writing of what was seen in this round, once: the operation that its undo goes by. (The release before
-- calls the one without a round.)
create function app.start_import(p_import uuid, p_operation uuid, p_round int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'checked');
begin
  if this_import.round is distinct from p_round then
    raise exception 'another dry run was seen' using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  if exists (select from crm.memberships m
              where m.tenant_id = this_import.tenant_id and m.user_id = this_import.owner_id and m.disabled_at is not null) then
    raise exception 'no member any more' using errcode = 'foreign_key_violation', constraint = 'lead_imports_owner_fkey';
  end if;
  perform app.start_import(p_import, p_operation);
end $$;
grant execute on function app.start_import(uuid, uuid, int) to closerflow_web;

-- Ends the dry run as before; and of new rows that name leads nobody knows, those of one person are one.
create or replace function app.finish_check(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set work_mem = '32MB'
  begin atomic
    with same as (
      select r.ctid as place, row_number() over same as nth, first_value(r.line) over same as first_line
        from crm.lead_import_rows r
       where r.tenant_id = app.tenant() and r.import_id = p_import and r.status = 'new'
         and (r.contact_id is not null or r.company is not null and coalesce(r.first_name, r.last_name) is not null)
      window same as (
        partition by r.contact_id,
          case when r.contact_id is null then app.fold(concat_ws(' ', r.first_name, r.last_name)) end,
          case when r.contact_id is null then app.fold(r.company) end
        order by r.line)
    )
    update crm.lead_import_rows r set status = 'duplicate', reasons = array['same_line:' || s.first_line]
      from same s where r.ctid = s.place and s.nth > 1;
    with same as (
      select r.ctid as place, row_number() over same as nth, first_value(r.line) over same as first_line
        from crm.lead_import_rows r
       where r.tenant_id = app.tenant() and r.import_id = p_import and r.status = 'new' and r.known_id is not null
         and r.contact_id is null and coalesce(r.email, r.phone) is not null
      window same as (partition by coalesce(r.email, r.phone) order by r.line)
    )
    update crm.lead_import_rows r set status = 'duplicate', reasons = array['same_line:' || s.first_line]
      from same s where r.ctid = s.place and s.nth > 1;
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

-- What writes the histories and the copies in the statement that makes the leads says so: a lead is not looked up
-- once more when the transaction commits. Only the worker's login can say it, and nothing else that it may call
-- makes leads or links.
drop trigger stage_recorded_on_insert on crm.leads;
create constraint trigger stage_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row
  when (not (session_user = 'closerflow_worker' and current_user = 'closerflow_owner'
             and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.check_stage_recorded();
drop trigger assignment_recorded_on_insert on crm.leads;
create constraint trigger assignment_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row
  when (new.owner_id is not null and not (session_user = 'closerflow_worker' and current_user = 'closerflow_owner'
             and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.check_assignment_recorded();
drop trigger copy_to_leads on crm.lead_contacts;
create trigger copy_to_leads after insert or update of is_primary or delete on crm.lead_contacts
  for each row
  when (not (session_user = 'closerflow_worker' and current_user = 'closerflow_owner'
             and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.copy_linked_contact();
revoke execute on function app.undo_operation(uuid) from closerflow_worker;

-- ------------------------------------------------------------------ bulk changes, searches

-- How many leads it changed, once it is done; an operation that changed nothing is none.
create or replace function app.end_operation(p_id uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.operation_changes c where c.tenant_id = app.tenant() and c.operation_id = p_id) then
    raise exception 'nothing would change' using errcode = 'CF409', constraint = 'operations_changes_something';
  end if;
  update crm.operations o
     set subjects = (select count(distinct coalesce(c.of_lead_id, c.entity_id)) from crm.operation_changes c
                      where c.tenant_id = o.tenant_id and c.operation_id = o.id and c.entity <> 'contact')
   where o.tenant_id = app.tenant() and o.id = p_id and o.actor_id = app.actor() and o.undone_at is null;
  perform set_config('app.operation', '', true);
end $$;

-- As before, beside numbers: who types one means that one.
select extensions.show_limit();
create or replace function sec.similar_leads(p_tenant uuid, p_actor uuid, p_filter jsonb, p_limit int) returns uuid[]
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
as $$
declare
  typed constant text := app.fold(p_filter ->> 'q');
  words constant text[] := array(
    select w.word from unnest(string_to_array(typed, ' ')) with ordinality w (word, place)
     where w.word <> '' order by length(w.word) desc, w.place limit 4);
  conditions constant text := concat_ws(' and ', sec.lead_conditions(p_tenant, p_actor, p_filter),
                                        sec.lead_contents(jsonb_build_object('tag', p_filter ->> 'tag')));
  known boolean[];
  others text[];
  chances text[] := '{}';
  chance text;
  ids uuid[];
begin
  -- A number that nobody has is like none.
  if p_tenant is null or typed is null or typed !~ '[[:alpha:]]' then return '{}'; end if;
  if cardinality(words) > 1 then
    execute format(
      'select array[%s] from (select l.search from crm.leads l where l.tenant_id = %L::uuid
         and l.archived_at is null and l.deleted_at is null order by l.id desc limit 1000) l',
      (select string_agg(format('coalesce(bool_or(%s), false)', sec.has_words('l.search', w.word)), ', ' order by w.place)
         from unnest(words) with ordinality w (word, place)), p_tenant) into known;
    for place in 1 .. cardinality(words) loop
      others := words[:place - 1] || words[place + 1:];
      if not known[place] then
        chances := chances || format('%s and %L <%% l.search', sec.has_words('l.search', array_to_string(others, ' ')), words[place]);
      end if;
    end loop;
    if cardinality(chances) = 0 and cardinality(words) > 2 then
      chances := array[(select '(' || string_agg(
          '(' || sec.has_words('l.search', array_to_string(words[:w.place - 1] || words[w.place + 1:], ' ')) || ')', ' or ') || ')'
        from unnest(words) with ordinality w (word, place))];
    end if;
    chances := chances || (select '(' || string_agg(sec.has_words('l.search', w), ' or ') || ')' from unnest(words) w);
  end if;
  foreach chance in array chances || format('%L <%% l.search', words[1]) loop
    execute format(
      -- What every lead has makes all of them similar: among the first is enough.
      'select array(select c.id from (select l.id, l.search from crm.leads l where %s limit 150) c
        order by word_similarity(%L, c.search) desc, c.id desc limit %s)', conditions || ' and ' || chance, typed, p_limit)
      into ids;
    exit when cardinality(ids) > 0;
  end loop;
  return ids;
end $$;

create or replace function app.find_contacts(p_words text, p_limit int) returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
  rows 50
as $$
declare
  condition constant text := sec.has_words('c.search', p_words);
  words constant text := app.fold(p_words);
begin
  if app.tenant() is null or condition is null then return; end if;
  return query execute format(
    'select c.id from crm.contacts c where c.tenant_id = %L and c.deleted_at is null and %s limit %s',
    app.tenant(), condition, least(p_limit, 101));
  -- A number that nobody has is like none.
  if not found and words ~ '[[:alpha:]]' then
    return query execute format(
      'select c.id from (select c.id, c.search from crm.contacts c
                          where c.tenant_id = %L and c.deleted_at is null and %L <%% c.search limit 300) c
        order by word_similarity(%2$L, c.search) desc, c.id desc limit %s', app.tenant(), words, least(p_limit, 101));
  end if;
end $$;

-- migrate:down
select extensions.show_limit();
create or replace function app.find_contacts(p_words text, p_limit int) returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
  rows 50
as $$
declare
  condition constant text := sec.has_words('c.search', p_words);
  words constant text := app.fold(p_words);
begin
  if app.tenant() is null or condition is null then return; end if;
  return query execute format(
    'select c.id from crm.contacts c where c.tenant_id = %L and c.deleted_at is null and %s limit %s',
    app.tenant(), condition, least(p_limit, 101));
  if not found then
    return query execute format(
      'select c.id from (select c.id, c.search from crm.contacts c
                          where c.tenant_id = %L and c.deleted_at is null and %L <%% c.search limit 300) c
        order by word_similarity(%2$L, c.search) desc, c.id desc limit %s', app.tenant(), words, least(p_limit, 101));
  end if;
end $$;

create or replace function sec.similar_leads(p_tenant uuid, p_actor uuid, p_filter jsonb, p_limit int) returns uuid[]
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
as $$
declare
  typed constant text := app.fold(p_filter ->> 'q');
  words constant text[] := array(
    select w.word from unnest(string_to_array(typed, ' ')) with ordinality w (word, place)
     where w.word <> '' order by length(w.word) desc, w.place limit 4);
  conditions constant text := concat_ws(' and ', sec.lead_conditions(p_tenant, p_actor, p_filter),
                                        sec.lead_contents(jsonb_build_object('tag', p_filter ->> 'tag')));
  known boolean[];
  others text[];
  chances text[] := '{}';
  chance text;
  ids uuid[];
begin
  if p_tenant is null or cardinality(words) = 0 then return '{}'; end if;
  if cardinality(words) > 1 then
    execute format(
      'select array[%s] from (select l.search from crm.leads l where l.tenant_id = %L::uuid
         and l.archived_at is null and l.deleted_at is null order by l.id desc limit 1000) l',
      (select string_agg(format('coalesce(bool_or(%s), false)', sec.has_words('l.search', w.word)), ', ' order by w.place)
         from unnest(words) with ordinality w (word, place)), p_tenant) into known;
    for place in 1 .. cardinality(words) loop
      others := words[:place - 1] || words[place + 1:];
      if not known[place] then
        chances := chances || format('%s and %L <%% l.search', sec.has_words('l.search', array_to_string(others, ' ')), words[place]);
      end if;
    end loop;
    if cardinality(chances) = 0 and cardinality(words) > 2 then
      chances := array[(select '(' || string_agg(
          '(' || sec.has_words('l.search', array_to_string(words[:w.place - 1] || words[w.place + 1:], ' ')) || ')', ' or ') || ')'
        from unnest(words) with ordinality w (word, place))];
    end if;
    chances := chances || (select '(' || string_agg(sec.has_words('l.search', w), ' or ') || ')' from unnest(words) w);
  end if;
  foreach chance in array chances || format('%L <%% l.search', words[1]) loop
    execute format(
      -- What every lead has makes all of them similar: among the first is enough.
      'select array(select c.id from (select l.id, l.search from crm.leads l where %s limit 150) c
        order by word_similarity(%L, c.search) desc, c.id desc limit %s)', conditions || ' and ' || chance, typed, p_limit)
      into ids;
    exit when cardinality(ids) > 0;
  end loop;
  return ids;
end $$;

create or replace function app.end_operation(p_id uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.operations o
     set subjects = (select count(distinct coalesce(c.of_lead_id, c.entity_id)) from crm.operation_changes c
                      where c.tenant_id = o.tenant_id and c.operation_id = o.id and c.entity <> 'contact')
   where o.tenant_id = app.tenant() and o.id = p_id and o.actor_id = app.actor() and o.undone_at is null;
  perform set_config('app.operation', '', true);
end $$;

grant execute on function app.undo_operation(uuid) to closerflow_worker;
drop trigger copy_to_leads on crm.lead_contacts;
create trigger copy_to_leads after insert or update of is_primary or delete on crm.lead_contacts
  for each row
  when (not (current_user = 'closerflow_owner' and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.copy_linked_contact();
drop trigger stage_recorded_on_insert on crm.leads;
create constraint trigger stage_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row execute function app.check_stage_recorded();
drop trigger assignment_recorded_on_insert on crm.leads;
create constraint trigger assignment_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row when (new.owner_id is not null)
  execute function app.check_assignment_recorded();
drop function app.start_import(uuid, uuid, int);
create or replace function app.finish_check(p_import uuid) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
  set work_mem = '32MB'
  begin atomic
    with same as (
      select r.ctid as place, row_number() over same as nth, first_value(r.line) over same as first_line
        from crm.lead_import_rows r
       where r.tenant_id = app.tenant() and r.import_id = p_import and r.status = 'new'
         and (r.contact_id is not null or r.company is not null and coalesce(r.first_name, r.last_name) is not null)
      window same as (
        partition by r.contact_id,
          case when r.contact_id is null then app.fold(concat_ws(' ', r.first_name, r.last_name)) end,
          case when r.contact_id is null then app.fold(r.company) end
        order by r.line)
    )
    update crm.lead_import_rows r set status = 'duplicate', reasons = array['same_line:' || s.first_line]
      from same s where r.ctid = s.place and s.nth > 1;
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

create or replace function app.import_updates(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
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

create or replace function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
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
    select r.ctid as place, r.line, r.known_id, r.external_id, app.fold(r.company) as company,
           app.fold(nullif(concat_ws(' ', r.first_name, r.last_name), '')) as name,
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
               where l.tenant_id = this_tenant and coalesce(app.fold(l.company), '') = k.company
                 and app.fold(l.contact_name) = k.name and l.archived_at is null and l.deleted_at is null
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

drop function sec.judge_import(uuid, int, int, text[]), sec.import_changed(uuid, jsonb), sec.import_hash(jsonb),
  sec.import_fields(uuid, uuid, uuid), sec.import_person(uuid, uuid, uuid),
  sec.import_says(crm.lead_imports, crm.lead_import_rows, text);
alter table crm.lead_import_rows drop column seen;
