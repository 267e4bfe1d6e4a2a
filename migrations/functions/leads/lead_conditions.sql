-- for: owner
-- The predicate of a filter, its values quoted, words and tag aside. The keys are those of the list's URL; a
-- missing one lets all through, but for the outcome: open leads, or all where a client's or those put away are asked
-- for. Dates are days in the time zone of the transaction.
create or replace function sec.lead_conditions(p_tenant uuid, p_actor uuid, p_filter jsonb) returns text
  language sql stable
  set search_path = pg_catalog, pg_temp
  return concat_ws(' and ',
    format('l.tenant_id = %L::uuid', p_tenant),
    case coalesce(p_filter ->> 'life', 'active')
      when 'archived' then 'l.archived_at is not null and l.deleted_at is null'
      when 'deleted' then 'l.deleted_at is not null'
      else 'l.archived_at is null and l.deleted_at is null' end,
    case when p_filter ->> 'stage' is not null then format('l.stage = %L', p_filter ->> 'stage') end,
    case when p_filter ->> 'outcome' = 'any' then null
         when p_filter ->> 'outcome' is not null then format('l.outcome = %L', p_filter ->> 'outcome')
         when coalesce(p_filter ->> 'life', 'active') = 'active' and p_filter ->> 'client' is null then
           'l.outcome = ''open''' end,
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
