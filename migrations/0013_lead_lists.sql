-- migrate:up
-- One grammar for lists of leads (URL, saved segment and SQL), sorted and searched; who a lead was given
-- to and why; and the way back from what was done to many. The comments below allow locks on crm.leads:
-- nothing was released before this.

insert into app.role_permissions (role, permission) values ('admin', 'administer');

-- A UUIDv7 (RFC 9562) made here, where a set of rows is: it sorts by time, as those of the program do.
create function app.new_id() returns uuid
  language sql volatile parallel safe
  set search_path = pg_catalog, pg_temp
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;
grant execute on function app.new_id() to closerflow_web, closerflow_worker;

-- ------------------------------------------------------------------ searching and sorting

-- What is compared when people search and sort: case and accents aside.
create function app.fold(p_text text) returns text
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  return case when octet_length(p_text) = length(p_text) then lower(p_text)
    else regexp_replace(lower(normalize(p_text, NFKD)), '[' || chr(768) || '-' || chr(879) || ']', '', 'g') end;
grant execute on function app.fold(text) to closerflow_web, closerflow_worker;

-- lint:allow drop: before the first release
drop function app.search_leads(text, text, uuid, int);
drop function app.find_leads(
  text, text, text, text, text, text, uuid, boolean, text, timestamptz, timestamptz, text, uuid, int);

-- lint:allow drop: the wider one follows
alter table crm.leads drop column search;
-- lint:allow volatile-default: before the first release
-- lint:allow not-null: before the first release
-- lint:allow check: before the first release
-- lint:allow foreign-key: before the first release
alter table crm.leads
  -- Names, addresses and numbers of its people besides the primary one, kept by trigger.
  add column people text,
  add column search text not null generated always as (
    app.fold(title || ' ' || coalesce(company, '') || ' ' || coalesce(contact_name, '') || ' '
             || coalesce(contact_email, '') || ' ' || coalesce(contact_phone, '') || ' ' || coalesce(people, ''))) stored,
  add column source_key text generated always as (app.fold(source)) stored,
  add column merged_into uuid,
  add constraint leads_merged_into_fkey foreign key (tenant_id, merged_into) references crm.leads (tenant_id, id),
  add constraint leads_merged_is_gone check (merged_into is null or deleted_at is not null);
-- lint:allow index: before the first release
create index leads_search_idx on crm.leads
  using gin (tenant_id extensions.uuid_ops, search extensions.gin_trgm_ops);
-- lint:allow index: before the first release
create index leads_merged_into_idx on crm.leads (tenant_id, merged_into) where merged_into is not null;

-- lint:allow volatile-default: before the first release
-- lint:allow not-null: before the first release
alter table crm.contacts
  add column search text not null generated always as (
    app.fold(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(email, '') || ' '
             || coalesce(phone, ''))) stored;
-- lint:allow index: before the first release
create index contacts_search_idx on crm.contacts
  using gin (tenant_id extensions.uuid_ops, search extensions.gin_trgm_ops);

-- Two spellings of one name: case and spaces aside.
create function app.name_key(p_text text) returns text
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  return btrim(regexp_replace(lower(normalize(p_text, NFKC)), '\s+', ' ', 'g'));
grant execute on function app.name_key(text) to closerflow_web, closerflow_worker;
-- lint:allow volatile-default: before the first release
-- lint:allow not-null: before the first release
alter table crm.clients add column name_key text not null generated always as (app.name_key(name)) stored;
drop index crm.clients_name_key;
-- lint:allow index: before the first release
create unique index clients_name_key on crm.clients (tenant_id, name_key);

grant update (merged_into, external_id) on crm.leads to closerflow_web;
grant update (deleted_at) on crm.contacts to closerflow_web;

-- What a person is to a lead, in the words of whoever said so: decision maker, user, pays.
-- lint:allow check: before the first release
alter table crm.lead_contacts add column role text check (length(role) between 1 and 60);
grant update (role) on crm.lead_contacts to closerflow_web;

-- Each order by time, and the lives that are few.
-- lint:allow index: before the first release
create index leads_created_idx on crm.leads (tenant_id, created_at);
-- lint:allow index: before the first release
create index leads_archived_idx on crm.leads (tenant_id, id desc) where archived_at is not null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_deleted_idx on crm.leads (tenant_id, id desc) where deleted_at is not null;

-- What few leads have, for the filters that ask for it; and sources as people write them, case aside.
drop index crm.leads_source_idx;
-- lint:allow index: before the first release
create index leads_source_idx on crm.leads (tenant_id, source_key, id desc) where deleted_at is null;
-- lint:allow index: before the first release
create index leads_language_idx on crm.leads (tenant_id, language, id desc) where deleted_at is null;
-- lint:allow index: before the first release
create index leads_paused_idx on crm.leads (tenant_id, id desc) where paused_at is not null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_suppressed_idx on crm.leads (tenant_id, id desc) where suppressed_at is not null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_test_idx on crm.leads (tenant_id, id desc) where is_test and deleted_at is null;
-- lint:allow index: before the first release
create index leads_due_idx on crm.leads (tenant_id, next_followup_at)
  where next_followup_at is not null and archived_at is null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_close_idx on crm.leads (tenant_id, expected_close_date)
  where expected_close_date is not null and archived_at is null and deleted_at is null;

-- The orders a list can have besides the newest first; the same expressions stand in sec.lead_order.
-- lint:allow index: before the first release
create index leads_by_title_idx on crm.leads (tenant_id, app.fold(title), id)
  where archived_at is null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_by_company_idx on crm.leads (tenant_id, coalesce(app.fold(company), ''), id)
  where archived_at is null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_by_value_idx on crm.leads (tenant_id, coalesce(estimated_value, -1), id)
  where archived_at is null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_by_score_idx on crm.leads (tenant_id, coalesce(score, -1::smallint), id)
  where archived_at is null and deleted_at is null;
-- lint:allow index: before the first release
create index leads_by_activity_idx on crm.leads (tenant_id, last_activity_at, id)
  where archived_at is null and deleted_at is null;

-- The predicate of a filter, its values quoted, words and tag aside. The keys are those of the list's URL; a
-- missing one lets all through. Dates are days in the time zone of the transaction.
create function sec.lead_conditions(p_tenant uuid, p_actor uuid, p_filter jsonb) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
  return concat_ws(' and ',
    format('l.tenant_id = %L::uuid', p_tenant),
    case coalesce(p_filter ->> 'life', 'active')
      when 'archived' then 'l.archived_at is not null and l.deleted_at is null'
      when 'deleted' then 'l.deleted_at is not null'
      else 'l.archived_at is null and l.deleted_at is null' end,
    case when p_filter ->> 'stage' is not null then format('l.stage = %L', p_filter ->> 'stage') end,
    case when p_filter ->> 'outcome' is not null then format('l.outcome = %L', p_filter ->> 'outcome') end,
    case when p_filter ->> 'status' is not null then format('l.contact_status = %L', p_filter ->> 'status') end,
    case when p_filter ->> 'tier' is not null then format('l.priority_tier = %L', p_filter ->> 'tier') end,
    case when p_filter ->> 'source' is not null then
      format('l.source_key = %L', app.fold(p_filter ->> 'source')) end,
    case p_filter ->> 'owner'
      when 'nobody' then 'l.owner_id is null'
      when 'me' then format('l.owner_id = %L::uuid', p_actor)
      else case when p_filter ->> 'owner' is not null then format('l.owner_id = %L::uuid', p_filter ->> 'owner') end end,
    case when p_filter ->> 'from' is not null then
      format('l.created_at >= %L::timestamptz', (p_filter ->> 'from')::date::timestamptz) end,
    case when p_filter ->> 'to' is not null then
      format('l.created_at < %L::timestamptz', ((p_filter ->> 'to')::date + 1)::timestamptz) end,
    case when p_filter ->> 'idle' ~ '^[0-9]{1,4}$' then
      format('l.last_activity_at < %L::timestamptz', now() - make_interval(days => (p_filter ->> 'idle')::int)) end,
    case p_filter ->> 'followup'
      when 'due' then format('l.next_followup_at < %L::timestamptz', (current_date + 1)::timestamptz)
      when 'planned' then 'l.next_followup_at is not null'
      when 'none' then 'l.next_followup_at is null' end,
    case when p_filter ->> 'close_from' is not null then
      format('l.expected_close_date >= %L::date', (p_filter ->> 'close_from')::date) end,
    case when p_filter ->> 'close_to' is not null then
      format('l.expected_close_date <= %L::date', (p_filter ->> 'close_to')::date) end,
    case p_filter ->> 'paused' when 'yes' then 'l.paused_at is not null' when 'no' then 'l.paused_at is null' end,
    case p_filter ->> 'suppressed'
      when 'yes' then 'l.suppressed_at is not null' when 'no' then 'l.suppressed_at is null' end,
    case p_filter ->> 'test' when 'yes' then 'l.is_test' when 'no' then 'not l.is_test' end,
    case when p_filter ->> 'language' = 'unknown' then 'l.language is null'
         when p_filter ->> 'language' is not null then format('l.language = %L', p_filter ->> 'language') end,
    case when p_filter ->> 'client' is not null then
      format('l.client_id = %L::uuid', (select c.id from crm.clients c
        where c.tenant_id = p_tenant and c.name_key = app.name_key(p_filter ->> 'client'))) end);

-- The predicate that a text has all the words, anywhere; or a number, however it is written, where they look
-- like one. Null without words.
create function sec.has_words(p_column text, p_words text) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  words constant text := app.fold(p_words);
  -- The zero in brackets is dialled at home only: it is not in the number as it is kept.
  digits constant text := ltrim(regexp_replace(regexp_replace(words, '\( *0+ *\)', ''), '[^0-9]', '', 'g'), '0');
  pieces text[] := '{}';
  word text;
begin
  if length(digits) >= 5 and words ~ '^[-+0-9 ./()]+$' then
    return format('%s like %L', p_column, '%' || digits || '%');
  end if;
  foreach word in array coalesce((string_to_array(btrim(words), ' '))[1:8], '{}') loop
    pieces := pieces || format('%s like %L', p_column,
      '%' || replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_') || '%');
  end loop;
  return nullif(array_to_string(pieces, ' and '), '');
end $$;

-- The predicate of its words and its tag; null without any. Their operators are not leakproof: row security
-- keeps what is known of the data from the planner, which takes every word for a rare one.
create function sec.lead_contents(p_filter jsonb) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
  return nullif(concat_ws(' and ',
    case when p_filter ->> 'tag' is not null then format('l.tags @> array[%L]', p_filter ->> 'tag') end,
    sec.has_words('l.search', p_filter ->> 'q')), '');

-- The expression that a list is sorted by; null for the time of capture, which the id tells.
create function sec.lead_order(p_sort text) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  return case ltrim(p_sort, '-')
    when 'title' then 'app.fold(l.title)'
    when 'company' then 'coalesce(app.fold(l.company), '''')'
    when 'value' then 'coalesce(l.estimated_value, -1)'
    when 'score' then 'coalesce(l.score, -1::smallint)'
    when 'activity' then 'l.last_activity_at' end;

-- The leads that a filter lets through, in the order wanted (a name, falling with - before it; the newest
-- first without one; any order will do for 'any'), from behind p_after on. This steps outside row security, whose caution keeps words and
-- tags from their indexes, and names the tenant itself. The statement is built anew each time: what a filter
-- finds differs by thousands, and so must its plan; but never by reading the rows of all tenants.
create function sec.find_leads(
    p_tenant uuid, p_actor uuid, p_filter jsonb, p_sort text, p_after uuid, p_limit int) returns uuid[]
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
as $$
declare
  -- How many leads are looked through before the index of words, or of tags, is asked: what 1 of 40, or of
  -- 10, leads has fills a page from them, and what is rarer is quickly read from the index.
  walk constant int := case when p_filter ->> 'q' is null then 500 else 2000 end;
  conditions text := sec.lead_conditions(p_tenant, p_actor, p_filter);
  contents constant text := sec.lead_contents(p_filter);
  expression constant text := sec.lead_order(p_sort);
  direction constant text := case when p_sort is null or starts_with(p_sort, '-') then 'desc' else 'asc' end;
  in_order text := format('order by %sl.id %s', expression || ' ' || direction || ', ', direction);
  walked int;
  ids uuid[];
begin
  if p_tenant is null then return '{}'; end if;
  if p_after is not null then
    conditions := conditions || case when expression is null
      then format(' and l.id %s %L::uuid', case direction when 'desc' then '<' else '>' end, p_after)
      else format(' and (%1$s, l.id) %2$s (select %1$s, l.id from crm.leads l where l.tenant_id = %3$L::uuid and l.id = %4$L::uuid)',
                  expression, case direction when 'desc' then '<' else '>' end, p_tenant, p_after) end;
  end if;
  if contents is not null then
    execute format(
      'select count(*), coalesce(array_agg(l.id) filter (where %s), ''{}'')
         from (select l.id, l.search, l.tags from crm.leads l where %3$s %2$s limit %4$s) l',
      contents, in_order, conditions, walk) into walked, ids;
    if walked < walk or cardinality(ids) >= p_limit then return ids[:p_limit]; end if;
    conditions := conditions || ' and ' || contents;
  end if;
  if p_sort = 'any' then in_order := ''; end if;
  execute format('select array(select l.id from crm.leads l where %s %s limit %s)', conditions, in_order, p_limit)
    into ids;
  return ids;
end $$;

-- Those leads; or, where words are searched for and nothing has them all, similar ones, the most similar first:
-- those that have all but one of the words as they were typed and something like that one, else those that have
-- any, else what is like the longest. (What is like all of them together takes ten times as long to find.)
create function app.find_leads(p_filter jsonb, p_sort text, p_after uuid, p_limit int)
  returns table (id uuid, is_similar boolean)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
  rows 50
as $$
declare
  ids constant uuid[] := sec.find_leads(app.tenant(), app.actor(), p_filter, p_sort, p_after, least(p_limit, 50001));
  typed constant text := app.fold(p_filter ->> 'q');
  words constant text[] := array(
    select w.word from unnest(string_to_array(typed, ' ')) with ordinality w (word, place)
     where w.word <> '' order by length(w.word) desc, w.place limit 4);
  chances text[] := '{}';
  chance text;
begin
  if cardinality(ids) > 0 or cardinality(words) = 0 or p_after is not null or app.tenant() is null then
    return query select f.id, false from unnest(ids) f (id);
    return;
  end if;
  if cardinality(words) > 1 then
    for place in 1 .. cardinality(words) loop
      chances := chances || format('%s and %L <%% l.search',
        sec.has_words('l.search', array_to_string(words[:place - 1] || words[place + 1:], ' ')), words[place]);
    end loop;
    chances := chances || (select '(' || string_agg(sec.has_words('l.search', w), ' or ') || ')' from unnest(words) w);
  end if;
  foreach chance in array chances || format('%L <%% l.search', words[1]) loop
    return query execute format(
      -- What every lead has makes all of them similar: among the first is enough.
      'select c.id, true from (select l.id, l.search from crm.leads l where %s limit 150) c
        order by word_similarity(%L, c.search) desc, c.id desc limit %s',
      concat_ws(' and ', sec.lead_conditions(app.tenant(), app.actor(), p_filter),
                sec.lead_contents(jsonb_build_object('tag', p_filter ->> 'tag')), chance), typed, least(p_limit, 101));
    if found then return; end if;
  end loop;
end $$;

-- How many those are, similar ones aside; no more than p_cap are counted.
create function app.count_leads(p_filter jsonb, p_cap int) returns bigint
  language plpgsql stable security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  return cardinality(sec.find_leads(app.tenant(), app.actor(), p_filter, 'any', null, p_cap));
end $$;

-- People whose name, address or number has all these words, or, where nobody's has, similar ones. Like
-- app.find_leads this steps outside row security and names the tenant.
create function app.find_contacts(p_words text, p_limit int) returns table (id uuid)
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
grant execute on function app.find_leads(jsonb, text, uuid, int), app.count_leads(jsonb, int),
  app.find_contacts(text, int) to closerflow_web;

-- The copies of its people that a lead is listed and found by: the primary one's apart, the others' together.
-- Found by key and written only where they differ; a plan made while the tables were small is kept for long,
-- so it may not read them whole.
create function sec.copy_people(p_tenant uuid, p_leads uuid[]) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
begin
  update crm.leads l
     set contact_name = k.name, contact_email = k.email, contact_phone = k.phone, people = k.people
    from unnest(p_leads) f (id)
   cross join lateral (
     select max(p.name) filter (where p.is_primary) as name, max(p.email) filter (where p.is_primary) as email,
            max(p.phone) filter (where p.is_primary) as phone,
            string_agg(concat_ws(' ', p.name, p.email, p.phone), ' ' order by p.id) filter (where not p.is_primary) as people
       from (select c.id, lc.is_primary, nullif(concat_ws(' ', c.first_name, c.last_name), '') as name,
                    c.email::text as email, c.phone::text as phone
               from crm.lead_contacts lc
               join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
              where lc.tenant_id = p_tenant and lc.lead_id = f.id
              order by lc.is_primary desc, c.id limit 100) p) k
   where l.tenant_id = p_tenant and l.id = f.id
     and (l.contact_name is distinct from k.name or l.contact_email is distinct from k.email
          or l.contact_phone is distinct from k.phone or l.people is distinct from k.people);
end $$;
create function app.copy_linked_contact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform sec.copy_people(
    case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end,
    array[case tg_op when 'DELETE' then old.lead_id else new.lead_id end]);
  return null;
end $$;
create function app.copy_changed_contact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
begin
  perform sec.copy_people(new.tenant_id, array(
    select lc.lead_id from crm.lead_contacts lc where lc.tenant_id = new.tenant_id and lc.contact_id = new.id));
  return null;
end $$;
drop trigger copy_to_leads on crm.lead_contacts;
drop trigger copy_to_leads on crm.contacts;
-- lint:allow drop: only the triggers above called it
drop function app.copy_primary_contact();
create trigger copy_to_leads after insert or update of is_primary or delete on crm.lead_contacts
  for each row execute function app.copy_linked_contact();
create trigger copy_to_leads after update of first_name, last_name, email, phone on crm.contacts
  for each row execute function app.copy_changed_contact();

-- ------------------------------------------------------------------ saved segments

-- A list's filter with a name: the same JSON that app.find_leads takes.
create table crm.segments (
  tenant_id uuid not null,
  id uuid not null,
  name text not null check (length(name) between 1 and 100),
  filter jsonb not null check (jsonb_typeof(filter) = 'object'),
  sort text,
  owner_id uuid not null,
  is_shared boolean not null default false,
  -- As last counted, with its owner's eyes.
  lead_count int check (lead_count >= 0),
  counted_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint segments_owner_fkey foreign key (tenant_id, owner_id) references crm.memberships (tenant_id, user_id)
);
create unique index segments_name_key on crm.segments (tenant_id, owner_id, lower(name));
create index segments_counted_idx on crm.segments (counted_at nulls first);
call app.fence('crm.segments');
call app.keep_updated_at('crm.segments');
-- A private segment is its owner's; a shared one is seen by all and changed by its owner.
create policy visible on crm.segments as restrictive for select to closerflow_web
  using (is_shared or owner_id = (select app.actor()));
create policy changed_by_owner on crm.segments as restrictive for update to closerflow_web
  using (owner_id = (select app.actor())) with check (owner_id = (select app.actor()));
create policy deleted_by_owner on crm.segments as restrictive for delete to closerflow_web
  using (owner_id = (select app.actor()));
create policy made_by_owner on crm.segments as restrictive for insert to closerflow_web
  with check (owner_id = (select app.actor()));
grant select, delete, insert (tenant_id, id, name, filter, sort, owner_id, is_shared, lead_count, counted_at),
  update (name, filter, sort, is_shared, lead_count, counted_at)
  on crm.segments to closerflow_web;

-- Counts anew what was counted more than an hour ago, a few segments at a time, each with its owner's eyes
-- and in its tenant's days; says how many. Asked by the worker, for all tenants.
create function app.recount_segments(p_limit int) returns int
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  old record;
  now_count int;
  counted int := 0;
begin
  for old in
    select s.tenant_id, s.id, s.owner_id, s.filter, t.timezone
      from crm.segments s join crm.tenants t on t.id = s.tenant_id
     where s.counted_at is null or s.counted_at < now() - interval '1 hour'
     order by s.counted_at nulls first limit least(p_limit, 100) for no key update of s skip locked
  loop
    begin
      perform set_config('TimeZone', old.timezone, true);
      now_count := cardinality(sec.find_leads(old.tenant_id, old.owner_id, old.filter, 'any', null, 1000000));
    exception when data_exception then
      -- A filter that nothing reads must not keep the others from being counted.
      now_count := null;
    end;
    update crm.segments s set lead_count = now_count, counted_at = now()
     where s.tenant_id = old.tenant_id and s.id = old.id;
    counted := counted + 1;
  end loop;
  return counted;
end $$;
grant execute on function app.recount_segments(int) to closerflow_worker;

-- ------------------------------------------------------------------ assignment

-- Every owner a lead has had, how they were chosen, and why; a null stands for nobody.
create table crm.lead_assignments (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  from_user uuid,
  to_user uuid,
  strategy text not null check (strategy in ('manual', 'round_robin', 'least_loaded', 'by_source')),
  reason text check (length(reason) between 1 and 500),
  actor_id uuid not null,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint lead_assignments_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_assignments_from_fkey foreign key (tenant_id, from_user) references crm.memberships (tenant_id, user_id),
  constraint lead_assignments_to_fkey foreign key (tenant_id, to_user) references crm.memberships (tenant_id, user_id),
  constraint lead_assignments_actor_fkey foreign key (tenant_id, actor_id) references crm.memberships (tenant_id, user_id),
  constraint lead_assignments_moves check (from_user is distinct from to_user)
);
create index lead_assignments_lead_idx on crm.lead_assignments (tenant_id, lead_id, id desc);
create index lead_assignments_from_idx on crm.lead_assignments (tenant_id, from_user);
create index lead_assignments_to_idx on crm.lead_assignments (tenant_id, to_user, id desc);
create index lead_assignments_actor_idx on crm.lead_assignments (tenant_id, actor_id);
create index lead_assignments_turn_idx on crm.lead_assignments (tenant_id, id desc) where strategy = 'round_robin';
call app.fence('crm.lead_assignments');
call app.make_append_only('crm.lead_assignments');
grant select, insert on crm.lead_assignments to closerflow_web;
grant select on crm.lead_assignments to closerflow_worker;
create trigger stamp before insert on crm.lead_assignments for each row execute function app.stamp_actor();

-- An owner never changes without that row: checked when the transaction commits.
create function app.check_assignment_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
      select from crm.lead_assignments a
       where a.tenant_id = new.tenant_id and a.lead_id = new.id and a.txid = pg_current_xact_id()
         and a.to_user is not distinct from new.owner_id
         and a.from_user is not distinct from case tg_op when 'UPDATE' then old.owner_id end) then
    raise exception 'owner of lead % changed without its assignment', new.id
      using errcode = 'CF003', constraint = 'leads_assignment_recorded';
  end if;
  return null;
end $$;
create constraint trigger assignment_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row when (new.owner_id is not null)
  execute function app.check_assignment_recorded();
create constraint trigger assignment_recorded after update of owner_id on crm.leads
  deferrable initially deferred for each row when (old.owner_id is distinct from new.owner_id)
  execute function app.check_assignment_recorded();

-- Nothing is written or handed over for a lead that is deleted or went into another.
create function app.keep_draft_alive() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from crm.leads l where l.tenant_id = new.tenant_id and l.id = new.lead_id and l.deleted_at is not null) then
    raise exception 'the lead is deleted' using errcode = 'CF409', constraint = 'drafts_lead_alive';
  end if;
  return new;
end $$;
create trigger keep_alive before insert on crm.drafts for each row execute function app.keep_draft_alive();
create trigger keep_alive_on_submission before update of status on crm.drafts
  for each row when (new.status = 'under_review' and old.status = 'draft') execute function app.keep_draft_alive();

-- ------------------------------------------------------------------ duplicates

-- Live leads that a new one may be: of the same person, by address or number, or of a similar name at a
-- similar company; with the name of the person it was found by. Similarity is asked with operators that are
-- not leakproof; it names the tenant itself.
create function app.find_duplicates(p_email text, p_phone text, p_name text, p_company text)
  returns table (id uuid, is_same_person boolean, person text)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.6
  set plan_cache_mode = force_custom_plan
  rows 5
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  return query
    with known as (
      -- Where the address is one person's and the number another's, the address counts.
      select distinct on (lc.lead_id) lc.lead_id,
             coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.email, c.phone) as name
        from crm.contacts c
        join crm.lead_contacts lc on lc.tenant_id = c.tenant_id and lc.contact_id = c.id
       where c.tenant_id = this_tenant and c.deleted_at is null and (c.email = p_email or c.phone = p_phone)
       order by lc.lead_id, (c.email = p_email) desc nulls last)
    select l.id, true, k.name from known k
      join crm.leads l on l.tenant_id = this_tenant and l.id = k.lead_id and l.deleted_at is null
     order by l.id desc limit 10;
  if p_name is not null and p_company is not null then
    return query
      select l.id, false, l.contact_name from crm.leads l
       where l.tenant_id = this_tenant and l.deleted_at is null
         and app.fold(p_name) <% l.search and app.fold(p_company) <% l.search
         and word_similarity(app.fold(p_company), app.fold(l.company)) >= 0.6
         and word_similarity(app.fold(p_name), app.fold(l.contact_name)) >= 0.6
         and not exists (
           select from crm.contacts c join crm.lead_contacts lc on lc.tenant_id = c.tenant_id and lc.contact_id = c.id
            where c.tenant_id = this_tenant and lc.lead_id = l.id and c.deleted_at is null
              and (c.email = p_email or c.phone = p_phone))
       order by l.id desc limit 10;
  end if;
end $$;
grant execute on function app.find_duplicates(text, text, text, text) to closerflow_web, closerflow_worker;

-- How new leads find their owner.
-- lint:allow drop: the wider one follows
-- lint:allow check: a handful of rows
alter table crm.tenant_settings
  drop constraint tenant_settings_key_check,
  add constraint tenant_settings_key_known check (key in ('self_approval', 'assignment')),
  add constraint tenant_settings_assignment check (key <> 'assignment' or (
    value ->> 'strategy' in ('manual', 'round_robin', 'least_loaded', 'by_source')
    and jsonb_typeof(value -> 'members') = 'array' and jsonb_typeof(value -> 'sources') = 'object')) ;
grant insert (tenant_id, key, value), update (value) on crm.tenant_settings to closerflow_web;

-- Settings are an admin's; what one may change alone is listed here.
create function app.keep_setting() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Self-approval weakens the review: it is set at the machine, not on a page.
  if session_user = 'closerflow_web' and (new.key = 'self_approval' or not app.may('administer')) then
    raise exception 'not permitted: administer' using errcode = 'CF403', constraint = 'tenant_settings_admin';
  end if;
  return new;
end $$;

-- Whether the person this transaction acts for may do something.
create function app.may(p_permission text) returns boolean
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (
      select from crm.memberships m join app.role_permissions p on p.role = any (m.roles)
       where m.tenant_id = app.tenant() and m.user_id = app.actor() and m.disabled_at is null
         and p.permission = p_permission);
  end;
grant execute on function app.may(text) to closerflow_web, closerflow_worker;
create trigger keep before insert or update on crm.tenant_settings for each row execute function app.keep_setting();

-- Whom new leads of these sources go to when nobody was named, in their order: by the tenant's strategy,
-- among its members that it lists and that are still there. No row where it is done by hand, or nobody is
-- left. Waits for others choosing at this moment, so that turns are turns.
create function app.choose_owners(p_sources text[]) returns table (n int, user_id uuid, strategy text, reason text)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  setting jsonb;
  members uuid[];
  loads bigint[];
  turn int;
  place int;
begin
  select s.value into setting from crm.tenant_settings s where s.tenant_id = this_tenant and s.key = 'assignment';
  if setting is null or setting ->> 'strategy' = 'manual' then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('assignment:' || this_tenant, 0));
  select array_agg(m.user_id order by m.user_id) into members from crm.memberships m
   where m.tenant_id = this_tenant and m.disabled_at is null
     and m.user_id::text in (select jsonb_array_elements_text(setting -> 'members'));
  if setting ->> 'strategy' = 'least_loaded' then
    select array_agg((select count(*) from crm.leads l
                       where l.tenant_id = this_tenant and l.owner_id = m.id and l.outcome = 'open'
                         and not l.is_test and l.archived_at is null and l.deleted_at is null) order by m.place) into loads
      from unnest(members) with ordinality m (id, place);
  else
    -- Behind whoever had the last turn.
    select count(*) into turn from unnest(members) m
     where m <= (select a.to_user from crm.lead_assignments a
                  where a.tenant_id = this_tenant and a.strategy = 'round_robin' order by a.id desc limit 1);
  end if;

  for place_in_order in 1 .. coalesce(cardinality(p_sources), 0) loop
    n := place_in_order;
    user_id := null;
    reason := null;
    if setting ->> 'strategy' = 'by_source' then
      strategy := 'by_source';
      reason := p_sources[n];
      select m.user_id into user_id from crm.memberships m
       where m.tenant_id = this_tenant and m.disabled_at is null
         and m.user_id = (setting -> 'sources' ->> lower(p_sources[n]))::uuid;
    end if;
    if user_id is null and members is not null then
      if setting ->> 'strategy' = 'least_loaded' then
        select l.place, l.load::text into place, reason from unnest(loads) with ordinality l (load, place)
         order by l.load, l.place limit 1;
        loads[place] := loads[place] + 1;
        strategy := 'least_loaded';
        user_id := members[place];
      else
        -- Also a source that nobody has.
        turn := turn % cardinality(members) + 1;
        strategy := 'round_robin';
        reason := null;
        user_id := members[turn];
      end if;
    end if;
    if user_id is not null then return next; end if;
  end loop;
end $$;
grant execute on function app.choose_owners(text[]) to closerflow_web, closerflow_worker;

-- ------------------------------------------------------------------ doing to many, and taking it back

-- Begins an operation: until this transaction ends, what it changes of leads, contacts and their links is
-- written to operation_changes by triggers, so that nothing of it can be forgotten.
create function app.begin_operation(p_id uuid, p_kind text, p_action text) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.operations (tenant_id, id, kind, action, actor_id)
  values (app.tenant(), p_id, p_kind, p_action, app.actor());
  perform set_config('app.operation', p_id::text, true);
end $$;

grant execute on function app.begin_operation(uuid, text, text) to closerflow_web, closerflow_worker;

-- The columns that an operation may change and its undo puts back.
create function sec.undoable(p_row jsonb) returns jsonb
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select jsonb_object_agg(key, value) from jsonb_each(p_row)
     where key in ('title', 'description', 'company', 'source', 'owner_id', 'stage', 'stage_since', 'estimated_value', 'tags',
                   'language', 'external_id', 'expected_close_date', 'next_followup_at', 'archived_at', 'deleted_at',
                   'merged_into', 'first_name', 'last_name', 'email', 'phone', 'is_primary', 'role');
  end;

create function app.log_operation() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  operation constant uuid := nullif(current_setting('app.operation', true), '')::uuid;
  this_tenant uuid;
  entity constant text := rtrim(tg_table_name, 's');
begin
  if operation is null then return null; end if;
  this_tenant := app.tenant();
  perform from crm.operations o where o.tenant_id = this_tenant and o.id = operation and o.undone_at is null
     and o.actor_id = app.actor();
  if not found then
    raise exception 'no such operation' using errcode = 'CF404', constraint = 'operations_resume';
  end if;
  if tg_op = 'UPDATE' then
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, of_lead_id, field, old, new)
    with was as (
      select coalesce(j.r ->> 'id', concat_ws('/', j.r ->> 'lead_id', j.r ->> 'contact_id')) as key, sec.undoable(j.r) as fields
        from (select to_jsonb(t) as r from old_rows t) j
    ), become as (
      select coalesce(j.r ->> 'id', concat_ws('/', j.r ->> 'lead_id', j.r ->> 'contact_id')) as key, sec.undoable(j.r) as fields,
             coalesce(j.r ->> 'id', j.r ->> 'contact_id')::uuid as id,
             case entity when 'lead_contact' then (j.r ->> 'lead_id')::uuid end as of_lead
        from (select to_jsonb(t) as r from new_rows t) j
    )
    select this_tenant, operation, entity, become.id, become.of_lead, f.key, f.value, become.fields -> f.key
      from was join become using (key), lateral jsonb_each(was.fields) f
     where f.value is distinct from become.fields -> f.key
    on conflict on constraint operation_changes_key do update set new = excluded.new;
  elsif tg_op = 'INSERT' then
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, of_lead_id, field, new)
    select this_tenant, operation, entity, coalesce(n.r ->> 'id', n.r ->> 'contact_id')::uuid,
           case entity when 'lead_contact' then (n.r ->> 'lead_id')::uuid end, '*', sec.undoable(n.r)
      from (select to_jsonb(t) as r from new_rows t) n
    on conflict on constraint operation_changes_key do update set new = excluded.new;
  else
    insert into crm.operation_changes (tenant_id, operation_id, entity, entity_id, of_lead_id, field, old)
    select this_tenant, operation, entity, coalesce(n.r ->> 'id', n.r ->> 'contact_id')::uuid,
           case entity when 'lead_contact' then (n.r ->> 'lead_id')::uuid end, '*', sec.undoable(n.r)
      from (select to_jsonb(t) as r from old_rows t) n
    on conflict on constraint operation_changes_key do update set old = excluded.old, new = null;
  end if;
  return null;
end $$;
create trigger log_insert after insert on crm.leads referencing new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_update after update on crm.leads referencing old table as old_rows new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_insert after insert on crm.contacts referencing new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_update after update on crm.contacts referencing old table as old_rows new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_insert after insert on crm.lead_contacts referencing new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_update after update on crm.lead_contacts referencing old table as old_rows new table as new_rows
  for each statement execute function app.log_operation();
create trigger log_delete after delete on crm.lead_contacts referencing old table as old_rows
  for each statement execute function app.log_operation();

-- How many leads it changed, once it is done.
create function app.end_operation(p_id uuid) returns void
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
grant execute on function app.end_operation(uuid) to closerflow_web, closerflow_worker;

-- A clock that is put back keeps what it said: the rest as before.
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

-- Takes an operation back: each field that still is as the operation left it gets its old value; what
-- somebody edited since stays, and is named in operation_changes. Histories and facts of this are written
-- here. An import has an undo of its own. Raises CF409 when it was taken
-- back before, CF403 when the person may not write leads.
create function app.undo_operation(p_id uuid) returns table (restored bigint, refused bigint)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  if not app.may('write_leads') then
    raise exception 'not permitted: write_leads' using errcode = 'CF403', constraint = 'operations_undo';
  end if;
  -- An import is taken back in batches, by its own functions.
  update crm.operations o set undone_at = now(), undone_by = app.actor()
   where o.tenant_id = this_tenant and o.id = p_id and o.undone_at is null and o.kind <> 'import';
  if not found then
    raise exception 'it was taken back before' using errcode = 'CF409', constraint = 'operations_undone_once';
  end if;
  perform set_config('app.operation', '', true);
  perform from crm.leads l
    where l.tenant_id = this_tenant and l.id in (
      select coalesce(c.of_lead_id, c.entity_id) from crm.operation_changes c
       where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity <> 'contact')
    order by l.id for update;
  perform from crm.contacts k
    where k.tenant_id = this_tenant and k.id in (
      select c.entity_id from crm.operation_changes c
       where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'contact')
    order by k.id for update;

  -- A lead that went on into a third one cannot come back before it comes back from there.
  if exists (select from crm.operation_changes c join crm.leads l on l.tenant_id = this_tenant and l.id = c.entity_id
              where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead' and c.field = 'merged_into'
                and l.merged_into is distinct from (c.new #>> '{}')::uuid) then
    raise exception 'a later merge comes first' using errcode = 'CF409', constraint = 'operations_later_merge';
  end if;
  -- Nor can a person whose address or number is another's by now.
  if exists (select from crm.operation_changes c
               join crm.contacts k on k.tenant_id = this_tenant and k.id = c.entity_id
               join crm.contacts o on o.tenant_id = this_tenant and o.deleted_at is null and o.id <> k.id
                and (o.email = k.email or o.phone = k.phone)
              where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'contact' and c.field = 'deleted_at'
                and c.old is not distinct from 'null'
                and not exists (select from crm.operation_changes x
                                 where x.tenant_id = this_tenant and x.operation_id = p_id and x.entity = 'contact'
                                   and x.entity_id = o.id)) then
    raise exception 'somebody else has the address' using errcode = 'CF409', constraint = 'operations_address_taken';
  end if;

  -- What is still as the operation left it; an owner who left does not get leads back.
  update crm.operation_changes c
     set outcome = case when case c.entity
       when 'lead' then exists (
         select from crm.leads l where l.tenant_id = this_tenant and l.id = c.entity_id
            and coalesce(to_jsonb(l) -> c.field, 'null') = coalesce(c.new, 'null')
            -- A closed lead stands still.
            and (c.field not in ('stage', 'stage_since') or l.outcome = 'open')
            and (c.field <> 'owner_id' or coalesce(c.old, 'null') = 'null' or exists (
                  select from crm.memberships m where m.tenant_id = this_tenant and m.disabled_at is null
                     and m.user_id::text = c.old #>> '{}')))
       when 'contact' then exists (
         select from crm.contacts k where k.tenant_id = this_tenant and k.id = c.entity_id
            and coalesce(to_jsonb(k) -> c.field, 'null') = coalesce(c.new, 'null')
            and (c.field not in ('email', 'phone') or not exists (
                  select from crm.contacts o
                   where o.tenant_id = this_tenant and o.deleted_at is null and o.id <> k.id
                     and (c.field = 'email' and o.email = c.old #>> '{}' or c.field = 'phone' and o.phone = c.old #>> '{}')
                     and not exists (select from crm.operation_changes x
                                      where x.tenant_id = this_tenant and x.operation_id = p_id and x.entity = 'contact'
                                        and x.entity_id = o.id))))
       else (c.new is null) <> exists (
         select from crm.lead_contacts lc
          where lc.tenant_id = this_tenant and lc.lead_id = c.of_lead_id and lc.contact_id = c.entity_id
            and (c.new is null or case c.field when '*' then sec.undoable(to_jsonb(lc)) else to_jsonb(lc) -> c.field end = c.new))
       end then 'restored' else 'refused' end
   where c.tenant_id = this_tenant and c.operation_id = p_id;

  perform sec.record_undo(this_tenant, p_id);

  update crm.leads l
     set (title, description, company, source, owner_id, stage, stage_since, estimated_value, tags, language, external_id,
          expected_close_date, next_followup_at, archived_at, deleted_at, merged_into) =
         (select r.title, r.description, r.company, r.source, r.owner_id, r.stage, r.stage_since, r.estimated_value, r.tags,
                 r.language, r.external_id, r.expected_close_date, r.next_followup_at, r.archived_at, r.deleted_at, r.merged_into
            from jsonb_populate_record(l, p.patch) r)
    from (select c.entity_id, jsonb_object_agg(c.field, coalesce(c.old, 'null')) as patch from crm.operation_changes c
           where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead' and c.field <> '*'
             and c.outcome = 'restored' group by c.entity_id) p
   where l.tenant_id = this_tenant and l.id = p.entity_id;
  delete from crm.lead_contacts lc using crm.operation_changes c
   where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead_contact' and c.field = '*'
     and c.outcome = 'restored' and c.new is not null
     and lc.tenant_id = this_tenant and lc.lead_id = c.of_lead_id and lc.contact_id = c.entity_id;
  update crm.contacts k
     set (first_name, last_name, email, phone, deleted_at) =
         (select r.first_name, r.last_name, r.email, r.phone, r.deleted_at from jsonb_populate_record(k, p.patch) r)
    from (select c.entity_id, jsonb_object_agg(c.field, coalesce(c.old, 'null')) as patch from crm.operation_changes c
           where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'contact' and c.field <> '*'
             and c.outcome = 'restored' group by c.entity_id) p
   where k.tenant_id = this_tenant and k.id = p.entity_id and not p.patch ? 'deleted_at';
  -- Those that live again come last: their addresses are free only now.
  update crm.contacts k
     set (first_name, last_name, email, phone, deleted_at) =
         (select r.first_name, r.last_name, r.email, r.phone, r.deleted_at from jsonb_populate_record(k, p.patch) r)
    from (select c.entity_id, jsonb_object_agg(c.field, coalesce(c.old, 'null')) as patch from crm.operation_changes c
           where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'contact' and c.field <> '*'
             and c.outcome = 'restored' group by c.entity_id) p
   where k.tenant_id = this_tenant and k.id = p.entity_id and p.patch ? 'deleted_at';
  -- Who was primary steps back before another takes the place again.
  update crm.lead_contacts lc set is_primary = (c.old)::boolean
    from crm.operation_changes c
   where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead_contact' and c.field = 'is_primary'
     and c.outcome = 'restored' and c.old = 'false'
     and lc.tenant_id = this_tenant and lc.lead_id = c.of_lead_id and lc.contact_id = c.entity_id;
  update crm.lead_contacts lc set role = c.old #>> '{}'
    from crm.operation_changes c
   where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead_contact' and c.field = 'role'
     and c.outcome = 'restored'
     and lc.tenant_id = this_tenant and lc.lead_id = c.of_lead_id and lc.contact_id = c.entity_id;
  insert into crm.lead_contacts (tenant_id, lead_id, contact_id, is_primary, role)
  select this_tenant, c.of_lead_id, c.entity_id, (c.old ->> 'is_primary')::boolean and not exists (
           -- Somebody made another person the primary one since.
           select from crm.lead_contacts x where x.tenant_id = this_tenant and x.lead_id = c.of_lead_id and x.is_primary),
         c.old ->> 'role'
    from crm.operation_changes c
   where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead_contact' and c.field = '*'
     and c.outcome = 'restored' and c.new is null;
  update crm.lead_contacts lc set is_primary = (c.old)::boolean
    from crm.operation_changes c
   where c.tenant_id = this_tenant and c.operation_id = p_id and c.entity = 'lead_contact' and c.field = 'is_primary'
     and c.outcome = 'restored' and c.old = 'true'
     and not exists (select from crm.lead_contacts x
                      where x.tenant_id = this_tenant and x.lead_id = c.of_lead_id and x.is_primary)
     and lc.tenant_id = this_tenant and lc.lead_id = c.of_lead_id and lc.contact_id = c.entity_id;

  select count(*) filter (where c.outcome = 'restored'), count(*) filter (where c.outcome = 'refused')
    into restored, refused
    from crm.operation_changes c where c.tenant_id = this_tenant and c.operation_id = p_id;
  update crm.operations o set refused = undo_operation.refused where o.tenant_id = this_tenant and o.id = p_id;
  return next;
end $$;

-- The histories, facts, timeline and audit rows of an undo, from the outcomes that are about to be
-- carried out.
create function sec.record_undo(p_tenant uuid, p_id uuid) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  operation crm.operations;
begin
  select * into strict operation from crm.operations o where o.tenant_id = p_tenant and o.id = p_id;

  with steps as (
    insert into crm.lead_stage_history (tenant_id, id, lead_id, from_stage, to_stage, reason, actor_id)
    select p_tenant, app.new_id(), c.entity_id, c.new #>> '{}', c.old #>> '{}', 'Taken back', app.actor()
      from crm.operation_changes c
     where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity = 'lead' and c.field = 'stage'
       and c.outcome = 'restored'
    returning id, lead_id, from_stage, to_stage)
  select count(app.emit(app.new_id(), 'StageChanged', 1, 'lead', s.lead_id, s.id::text,
                        jsonb_build_object('from', s.from_stage, 'to', s.to_stage)))
    into strict operation.subjects from (select * from steps order by lead_id) s;

  with given as (
    insert into crm.lead_assignments (tenant_id, id, lead_id, from_user, to_user, strategy, reason, actor_id)
    select p_tenant, app.new_id(), c.entity_id, (c.new #>> '{}')::uuid, (c.old #>> '{}')::uuid, 'manual', 'Taken back', app.actor()
      from crm.operation_changes c
     where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity = 'lead' and c.field = 'owner_id'
       and c.outcome = 'restored'
    returning id, lead_id, from_user, to_user, strategy)
  select count(app.emit(app.new_id(), 'LeadAssigned', 1, 'lead', g.lead_id, g.id::text,
                        jsonb_build_object('from', g.from_user, 'to', g.to_user, 'strategy', g.strategy)))
    into strict operation.subjects from (select * from given order by lead_id) g;

  -- Back in the lists.
  perform app.emit(app.new_id(), 'LeadRestored', 1, 'lead', t.lead, p_id || ':undo:' || t.lead,
                   jsonb_build_object('from', case t.field when 'archived_at' then 'archived' else 'deleted' end))
     from (select c.entity_id as lead, min(c.field) as field from crm.operation_changes c
            where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity = 'lead'
              and c.field in ('archived_at', 'deleted_at') and c.old is not distinct from 'null' and c.outcome = 'restored'
            group by c.entity_id order by 1) t;

  perform app.emit(app.new_id(), 'LeadUpdated', 1, 'lead', t.lead, p_id || ':undo:' || t.lead,
                   jsonb_build_object('undone', p_id))
     from (select distinct coalesce(c.of_lead_id, c.entity_id) as lead from crm.operation_changes c
            where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity <> 'contact' and c.outcome = 'restored'
            order by 1) t;

  insert into crm.activities (tenant_id, id, lead_id, kind, data)
  select p_tenant, app.new_id(), t.lead, 'operation_undone', jsonb_build_object('subject', operation.action, 'operation', p_id)
    from (select distinct coalesce(c.of_lead_id, c.entity_id) as lead from crm.operation_changes c
           where c.tenant_id = p_tenant and c.operation_id = p_id and c.entity <> 'contact' and c.outcome = 'restored') t;

  -- In the words of the other rows: a clock is none, an owner is no column, and who stands at a lead has a name.
  insert into crm.audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
  select p_tenant, app.new_id(), 'operation_undone', c.entity, c.entity_id,
         case c.field when 'owner_id' then 'owner' else c.field end, app.plain(c.new), app.plain(c.old)
    from crm.operation_changes c
   where c.tenant_id = p_tenant and c.operation_id = p_id and c.outcome = 'restored'
     and c.entity <> 'lead_contact' and c.field not in ('stage_since', '*')
  union all
  select p_tenant, app.new_id(), 'operation_undone', 'lead', c.of_lead_id, 'contacts',
         case when c.old is null or c.old = 'null' then k.words end, case when c.new is null or c.new = 'null' then k.words end
    from crm.operation_changes c
    join lateral (select coalesce(nullif(concat_ws(' ', x.first_name, x.last_name), ''), x.email, x.phone) as words
                    from crm.contacts x where x.tenant_id = p_tenant and x.id = c.entity_id) k on true
   where c.tenant_id = p_tenant and c.operation_id = p_id and c.outcome = 'restored' and c.entity = 'lead_contact'
     and c.field = '*';
end $$;
grant execute on function app.undo_operation(uuid) to closerflow_web, closerflow_worker;

-- migrate:down
drop function app.undo_operation(uuid), sec.record_undo(uuid, uuid), app.end_operation(uuid);
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
  if new.stage <> old.stage then new.stage_since := now(); end if;
  if new.outcome <> old.outcome then
    new.outcome_since := now();
    new.converted_at := case when new.outcome = 'won' then now() end;
    if new.outcome <> 'won' then new.client_id := null; end if;
  end if;
  if new.event_seq = old.event_seq then
    new.revision := old.revision + 1;
  else
    new.last_activity_at := now();
  end if;
  return new;
end $$;
drop trigger log_insert on crm.leads;
drop trigger log_update on crm.leads;
drop trigger log_insert on crm.contacts;
drop trigger log_update on crm.contacts;
drop trigger log_insert on crm.lead_contacts;
drop trigger log_update on crm.lead_contacts;
drop trigger log_delete on crm.lead_contacts;
drop function app.log_operation(), sec.undoable(jsonb), app.begin_operation(uuid, text, text);
drop function app.choose_owners(text[]);
drop trigger keep on crm.tenant_settings;
drop function app.keep_setting(), app.may(text);
revoke insert (tenant_id, key, value), update (value) on crm.tenant_settings from closerflow_web;
delete from crm.tenant_settings where key <> 'self_approval';
alter table crm.tenant_settings
  drop constraint tenant_settings_assignment,
  drop constraint tenant_settings_key_known,
  add constraint tenant_settings_key_check check (key in ('self_approval'));
drop function app.find_duplicates(text, text, text, text);
drop trigger keep_alive on crm.drafts;
drop trigger keep_alive_on_submission on crm.drafts;
drop function app.keep_draft_alive();
drop trigger assignment_recorded on crm.leads;
drop trigger assignment_recorded_on_insert on crm.leads;
drop function app.check_assignment_recorded();
drop trigger copy_to_leads on crm.lead_contacts;
drop trigger copy_to_leads on crm.contacts;
drop function app.copy_linked_contact(), app.copy_changed_contact(), sec.copy_people(uuid, uuid[]);
create function app.copy_primary_contact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.leads l
     set contact_name = nullif(concat_ws(' ', c.first_name, c.last_name), ''),
         contact_email = c.email, contact_phone = c.phone
    from crm.lead_contacts lc
    join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
   where l.tenant_id = new.tenant_id and lc.tenant_id = new.tenant_id and lc.lead_id = l.id
     and lc.is_primary
     and (l.contact_name, l.contact_email, l.contact_phone)
         is distinct from (nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.email::text, c.phone::text)
     and case tg_table_name when 'contacts' then lc.contact_id = (to_jsonb(new) ->> 'id')::uuid
                            else lc.lead_id = (to_jsonb(new) ->> 'lead_id')::uuid end;
  return null;
end $$;
create trigger copy_to_leads after update of first_name, last_name, email, phone on crm.contacts
  for each row execute function app.copy_primary_contact();
create trigger copy_to_leads after insert or update of is_primary on crm.lead_contacts
  for each row when (new.is_primary) execute function app.copy_primary_contact();
drop function app.recount_segments(int);
drop table crm.lead_assignments, crm.segments;
drop function app.find_contacts(text, int), app.count_leads(jsonb, int),
  app.find_leads(jsonb, text, uuid, int), sec.find_leads(uuid, uuid, jsonb, text, uuid, int), sec.lead_order(text),
  sec.lead_contents(jsonb), sec.lead_conditions(uuid, uuid, jsonb), sec.has_words(text, text);
drop index crm.leads_source_idx, crm.leads_language_idx, crm.leads_paused_idx, crm.leads_suppressed_idx,
  crm.leads_test_idx, crm.leads_due_idx, crm.leads_close_idx;
create index leads_source_idx on crm.leads (tenant_id, source, id desc) where deleted_at is null;
drop index crm.clients_name_key;
alter table crm.clients drop column name_key;
create unique index clients_name_key on crm.clients (tenant_id, lower(name));
drop function app.name_key(text);
alter table crm.contacts drop column search;
revoke update (deleted_at) on crm.contacts from closerflow_web;
revoke update (external_id) on crm.leads from closerflow_web;
drop index crm.leads_created_idx, crm.leads_archived_idx, crm.leads_deleted_idx, crm.leads_by_title_idx, crm.leads_by_company_idx, crm.leads_by_value_idx, crm.leads_by_score_idx,
  crm.leads_by_activity_idx;
alter table crm.lead_contacts drop column role;
alter table crm.leads drop column merged_into, drop column search, drop column people,
  drop column source_key;
alter table crm.leads add column search text not null generated always as (
  lower(title || ' ' || coalesce(company, '') || ' ' || coalesce(contact_name, '') || ' '
        || coalesce(contact_email, ''))) stored;
create index leads_search_idx on crm.leads
  using gin (tenant_id extensions.uuid_ops, search extensions.gin_trgm_ops);
create or replace function app.search_leads(p_pattern text, p_stage text, p_before uuid, p_limit int)
  returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  -- What a pattern finds differs by thousands; a plan for all of them would be wrong for most.
  set plan_cache_mode = force_custom_plan
  rows 50
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  return query
    select l.id from crm.leads l
     where l.tenant_id = this_tenant
       and l.search like p_pattern
       and l.archived_at is null and l.deleted_at is null
       and (p_stage is null or l.stage = p_stage)
       and (p_before is null or l.id < p_before)
     order by l.id desc
     limit least(p_limit, 101);
end $$;
grant execute on function app.search_leads(text, text, uuid, int) to closerflow_web;
create function app.find_leads(
    p_pattern text, p_tag text, p_stage text, p_outcome text, p_contact_status text, p_tier text,
    p_owner uuid, p_without_owner boolean, p_source text, p_from timestamptz, p_until timestamptz,
    p_life text, p_before uuid, p_limit int)
  returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  -- What narrows differs by thousands; a plan for all of it would be wrong for most.
  set plan_cache_mode = force_custom_plan
  rows 50
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  return query
    select l.id from crm.leads l
     where l.tenant_id = this_tenant
       and (p_pattern is null or l.search like p_pattern)
       and (p_tag is null or l.tags @> array[p_tag])
       and (p_stage is null or l.stage = p_stage)
       and (p_outcome is null or l.outcome = p_outcome)
       and (p_contact_status is null or l.contact_status = p_contact_status)
       and (p_tier is null or l.priority_tier = p_tier)
       and (p_owner is null or l.owner_id = p_owner)
       and (not p_without_owner or l.owner_id is null)
       and (p_source is null or l.source = p_source)
       and (p_from is null or l.created_at >= p_from)
       and (p_until is null or l.created_at < p_until)
       and case p_life when 'active' then l.archived_at is null and l.deleted_at is null
                       when 'archived' then l.archived_at is not null and l.deleted_at is null
                       else l.deleted_at is not null end
       and (p_before is null or l.id < p_before)
     order by l.id desc
     limit least(p_limit, 501);
end $$;
grant execute on function app.find_leads(
  text, text, text, text, text, text, uuid, boolean, text, timestamptz, timestamptz, text, uuid, int)
  to closerflow_web;
drop function app.fold(text), app.new_id();
delete from app.role_permissions where permission = 'administer';
