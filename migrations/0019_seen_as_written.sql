-- migrate:up
-- What a dry run showed is what an import writes, what a bulk change does is something, and what is like a number
-- is not looked for.

-- ------------------------------------------------------------------ imports

-- What a lead that would be updated, and its person, looked like in the dry run; null where nothing would be written over.
alter table crm.lead_import_rows add column seen bigint;

-- Whom a row writes over: the person it names, else the lead's first.
create function sec.import_person(p_tenant uuid, p_lead uuid, p_contact uuid) returns uuid
  language sql stable
  set search_path = pg_catalog, pg_temp
  return coalesce(p_contact, (
    select lc.contact_id from crm.lead_contacts lc
     where lc.tenant_id = p_tenant and lc.lead_id = p_lead and lc.is_primary));

-- As before; and a row that would write over what was edited after the dry run, or captured after it, is an error instead.
create or replace function app.judge_import(p_import uuid, p_from int, p_to int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_import crm.lead_imports;
  is_written boolean;
begin
  select * into strict this_import from crm.lead_imports i where i.tenant_id = this_tenant and i.id = p_import;
  is_written := this_import.state = 'committing';
  perform sec.size_import_tables();
  if is_written then
    -- From here on nobody edits what is compared with the dry run, then written over.
    perform from crm.leads l
     where l.tenant_id = this_tenant and l.id in (
       select r.lead_id from crm.lead_import_rows r
        where r.tenant_id = this_tenant and r.import_id = p_import and r.line between p_from and p_to and r.status = 'update')
     order by l.id for no key update;
    perform from crm.contacts c
     where c.tenant_id = this_tenant and c.id in (
       select sec.import_person(this_tenant, r.lead_id, r.contact_id) from crm.lead_import_rows r
        where r.tenant_id = this_tenant and r.import_id = p_import and r.line between p_from and p_to and r.status = 'update')
     order by c.id for no key update;
  end if;
  -- Rows are written where they were read: a join by line would pair each with each while the planner takes
  -- a file it has not seen for one row.
  with asked as materialized (
    select r.ctid as place, r.line, r.status as was, r.seen as was_seen, r.known_id, r.external_id, app.fold(r.company) as company,
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
           case when this_import.mode <> 'add' and coalesce(a.by_email, a.by_phone) is not null then
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
    select k.place, k.was, k.was_seen, k.contact_id, coalesce(k.by_number, k.by_person, k.by_name) as lead_id,
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
    -- Only who updates writes over what is there. What this import itself changed before is no surprise.
    select j.*, w.seen,
           is_written and w.seen is not null and (j.was = 'new' or j.was_seen <> w.seen) and not exists (
             select from crm.operation_changes c
              where c.tenant_id = this_tenant and c.operation_id = this_import.operation_id
                and c.entity_id in (j.lead_id, w.person)) as is_changed
      from judged j
      left join lateral (
        select c.id as person, hashtextextended(row(
                 l.title, l.description, l.company, l.source, l.estimated_value, l.external_id, l.language, l.owner_id,
                 c.first_name, c.last_name, c.email, c.phone)::text, 0) as seen
          from crm.leads l
          left join crm.contacts c on c.tenant_id = this_tenant and c.deleted_at is null
                                  and c.id = sec.import_person(this_tenant, l.id, j.contact_id)
         where l.tenant_id = this_tenant and l.id = j.lead_id) w on this_import.mode = 'update' and j.status = 'update'
  )
  update crm.lead_import_rows r
     set lead_id = w.lead_id, contact_id = w.contact_id, seen = case when is_written then r.seen else w.seen end,
         status = case when w.is_changed then 'error' else w.status end,
         reasons = case when w.is_changed then array['changed'] else w.reasons end
    from weighed w
   where r.ctid = w.place
     -- Most stand as the dry run left them.
     and (r.status <> w.status or r.lead_id is distinct from w.lead_id or r.contact_id is distinct from w.contact_id
          or w.is_changed or not is_written and r.seen is distinct from w.seen);
end $$;

-- Begins the writing of what was seen in this round, once: the operation that its undo goes by. Who left since is
-- given nothing. (The release before calls the one without a round.)
create function app.start_import(p_import uuid, p_operation uuid, p_round int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'checked');
  gone constant uuid[] := array(
    select m.user_id from crm.memberships m where m.tenant_id = this_import.tenant_id and m.disabled_at is not null);
begin
  if this_import.round is distinct from p_round then
    raise exception 'another dry run was seen' using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  if this_import.owner_id = any (gone) then
    raise exception 'no member any more' using errcode = 'foreign_key_violation', constraint = 'lead_imports_owner_fkey';
  end if;
  if cardinality(gone) > 0 then
    update crm.lead_import_rows r set status = 'error', reasons = '{owner}'
     where r.tenant_id = this_import.tenant_id and r.import_id = p_import and r.owner_id = any (gone)
       and r.status in ('new', 'update');
  end if;
  perform app.start_import(p_import, p_operation);
end $$;
grant execute on function app.start_import(uuid, uuid, int) to closerflow_web;

-- A function of the owner's that writes the histories in the statement that makes the leads says so, as for the copies:
-- each lead is not looked up once more when the transaction commits.
drop trigger stage_recorded_on_insert on crm.leads;
create constraint trigger stage_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row
  when (not (current_user = 'closerflow_owner' and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.check_stage_recorded();
drop trigger assignment_recorded_on_insert on crm.leads;
create constraint trigger assignment_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row
  when (new.owner_id is not null and not (current_user = 'closerflow_owner' and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.check_assignment_recorded();

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

-- migrate:down
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

drop trigger stage_recorded_on_insert on crm.leads;
create constraint trigger stage_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row execute function app.check_stage_recorded();
drop trigger assignment_recorded_on_insert on crm.leads;
create constraint trigger assignment_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row when (new.owner_id is not null)
  execute function app.check_assignment_recorded();
drop function app.start_import(uuid, uuid, int);
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

drop function sec.import_person(uuid, uuid, uuid);
alter table crm.lead_import_rows drop column seen;
