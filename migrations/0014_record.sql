-- migrate:up
-- What the record page shows and keeps: who may not be contacted at all, and notes.

-- Addresses and numbers that nobody in the tenant contacts, whichever lead they stand at. An entry is
-- never changed; it is removed with a reason, and the next one is another row.
create table crm.dnc_entries (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  kind text not null check (kind in ('email', 'phone')),
  address text not null,
  reason text not null check (length(reason) between 1 and 500),
  source text not null check (source in ('member', 'import', 'inbound', 'unsubscribe')),
  created_by uuid,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  removed_by uuid,
  removed_reason text check (length(removed_reason) between 1 and 500),
  primary key (tenant_id, id),
  constraint dnc_entries_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint dnc_entries_removed_by_fkey foreign key (tenant_id, removed_by)
    references crm.memberships (tenant_id, user_id),
  -- In the one spelling that contacts and recipients have: `a@b.example`, `+33612345678`.
  constraint dnc_entries_spelling check (
    case kind when 'email' then address = lower(address) and address ~ '^[^@[:space:]]+@[^@[:space:]]+$'
                                and octet_length(address) <= 254
              else address ~ '^\+[1-9][0-9]{6,14}$' end),
  constraint dnc_entries_removed_why check (
    (removed_at is null) = (removed_reason is null) and (removed_by is null or removed_at is not null))
);
create unique index dnc_entries_live_key on crm.dnc_entries (tenant_id, address) where removed_at is null;
create index dnc_entries_created_by_idx on crm.dnc_entries (tenant_id, created_by) where created_by is not null;
create index dnc_entries_removed_by_idx on crm.dnc_entries (tenant_id, removed_by) where removed_by is not null;
call app.fence('crm.dnc_entries');
grant select on crm.dnc_entries to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, kind, address, reason, source) on crm.dnc_entries to closerflow_web;
grant update (removed_at, removed_reason) on crm.dnc_entries to closerflow_web;

-- Whether an address or a number is on the tenant's list; asked by pages, by the policy and at the mark.
create function app.is_on_dnc_list(p_tenant uuid, p_address text) returns boolean
  language sql stable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.dnc_entries e
                    where e.tenant_id = p_tenant and e.address = p_address and e.removed_at is null);
  end;
grant execute on function app.is_on_dnc_list(uuid, text) to closerflow_web, closerflow_worker;

-- Who put an entry there or took it off is whoever did it; a removed entry stays removed. The lock puts
-- an entry made while a mail to its address is leaving before or after that mail's mark.
create function app.keep_dnc_entry() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    perform pg_advisory_xact_lock(hashtextextended(new.tenant_id || new.address, 14));
    new.created_by := app.actor();
    new.created_at := now();
  elsif old.removed_at is not null then
    raise exception 'a removed entry stays removed' using errcode = 'CF004', constraint = 'dnc_entries_removed';
  else
    new.removed_at := now();
    new.removed_by := app.actor();
  end if;
  return new;
end $$;
create trigger keep before insert or update on crm.dnc_entries
  for each row execute function app.keep_dnc_entry();

-- Besides the lead, nobody the mail is for may be on the list when the last bytes are about to leave.
create or replace function app.mark_committing(p_id uuid, p_token bigint) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform from crm.deliveries x
     join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
     join crm.leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    where x.tenant_id = app.tenant() and x.id = p_id
      for share of l;
  if exists (
      select from crm.deliveries x
        join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
        join crm.leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
       where x.tenant_id = app.tenant() and x.id = p_id and (l.suppressed_at is not null or l.deleted_at is not null)) then
    raise exception 'the lead may not be written to' using errcode = 'CF409', constraint = 'deliveries_suppressed';
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended(r.tenant_id || r.address, 14))
     from crm.deliveries x
     join crm.draft_recipients r on r.tenant_id = x.tenant_id and r.draft_id = x.draft_id
    where x.tenant_id = app.tenant() and x.id = p_id
    order by r.address;
  if exists (
      select from crm.deliveries x
        join crm.draft_recipients r on r.tenant_id = x.tenant_id and r.draft_id = x.draft_id
       where x.tenant_id = app.tenant() and x.id = p_id and app.is_on_dnc_list(r.tenant_id, r.address)) then
    raise exception 'a recipient may not be written to' using errcode = 'CF409', constraint = 'deliveries_dnc';
  end if;
  update crm.deliveries set state = 'committing'
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token and state = 'leased'
     and lease_until > clock_timestamp();
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, 'committing', null);
end $$;

-- What somebody wrote down about a lead. It stays as it was written; what is wrong is struck out.
create table crm.notes (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  lead_id uuid not null,
  body text not null check (length(body) between 1 and 10000),
  author_id uuid not null,
  created_at timestamptz not null default now(),
  struck_at timestamptz,
  struck_by uuid,
  struck_reason text check (length(struck_reason) between 1 and 500),
  primary key (tenant_id, id),
  constraint notes_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint notes_author_fkey foreign key (tenant_id, author_id)
    references crm.memberships (tenant_id, user_id),
  constraint notes_struck_by_fkey foreign key (tenant_id, struck_by)
    references crm.memberships (tenant_id, user_id),
  constraint notes_struck_why check (
    (struck_at is null) = (struck_reason is null) and (struck_at is null) = (struck_by is null))
);
create index notes_lead_idx on crm.notes (tenant_id, lead_id, id desc);
create index notes_author_idx on crm.notes (tenant_id, author_id);
create index notes_struck_by_idx on crm.notes (tenant_id, struck_by) where struck_by is not null;
call app.fence('crm.notes');
grant select on crm.notes to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, body, author_id), update (struck_at, struck_by, struck_reason)
  on crm.notes to closerflow_web;

create function app.keep_note() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.author_id := app.actor();
    new.created_at := now();
    return new;
  end if;
  if old.struck_at is not null
     or (new.tenant_id, new.id, new.lead_id, new.body, new.author_id, new.created_at)
        is distinct from (old.tenant_id, old.id, old.lead_id, old.body, old.author_id, old.created_at) then
    raise exception 'a note stays as it was written' using errcode = 'CF004', constraint = 'notes_kept';
  end if;
  new.struck_at := now();
  new.struck_by := app.actor();
  return new;
end $$;
create trigger keep before insert or update on crm.notes for each row execute function app.keep_note();

-- ------------------------------------------------------------------ who waits for an answer

-- The letter that a message was; it is kept once.
-- lint:allow foreign-key: before the first release
alter table crm.messages
  add column draft_id uuid,
  add constraint messages_draft_fkey foreign key (tenant_id, draft_id) references crm.drafts (tenant_id, id);
-- lint:allow index: before the first release
create unique index messages_draft_key on crm.messages (tenant_id, draft_id) where draft_id is not null;
-- lint:allow index: before the first release
create index threads_awaiting_idx on crm.threads (tenant_id, lead_id) where awaiting_reply;
grant update (last_contact_at) on crm.leads to closerflow_web;

-- What a rule does, nobody does.
alter table crm.lead_status_history alter column actor_id drop not null;
-- lint:allow check: before the first release
alter table crm.lead_status_history
  add constraint lead_status_history_who check (actor_id is not null or triggered_by = 'rule');

-- A letter that arrived is our word in the conversation: the lead waits no longer, and a new one has been contacted.
create function sec.keep_letter(p_letter crm.drafts) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  family uuid[];
  home uuid;
  old_status text;
  change constant uuid := app.new_id();
begin
  select coalesce(l.merged_into, l.id) into strict home from crm.leads l
   where l.tenant_id = p_letter.tenant_id and l.id = p_letter.lead_id;
  select l.contact_status into strict old_status from crm.leads l
   where l.tenant_id = p_letter.tenant_id and l.id = home for update;
  family := array(select l.id from crm.leads l
                   where l.tenant_id = p_letter.tenant_id and (l.id = home or l.merged_into = home));

  with open as (
    select t.id from crm.threads t
     where t.tenant_id = p_letter.tenant_id and t.lead_id = any (family) and (t.awaiting_reply or t.channel = 'email')
       and t.status = 'open'
     order by t.awaiting_reply desc, t.id desc limit 1
  ), begun as (
    insert into crm.threads (tenant_id, id, lead_id, channel, subject)
    select p_letter.tenant_id, app.new_id(), home, 'email', left(nullif(p_letter.subject, ''), 200) where not exists (select from open)
    returning id
  )
  insert into crm.messages (tenant_id, id, thread_id, role, content, actor_id, draft_id)
  select p_letter.tenant_id, app.new_id(), t.id, 'operator',
         coalesce(nullif(left(p_letter.content_md, 20000), ''), '–'), p_letter.author_id, p_letter.id
    from (select id from open union all select id from begun) t;
  update crm.threads t set awaiting_reply = false
   where t.tenant_id = p_letter.tenant_id and t.lead_id = any (family) and t.awaiting_reply;
  update crm.leads l
     set last_contact_at = now(), contact_status = case l.contact_status when 'new' then 'contacted' else l.contact_status end
   where l.tenant_id = p_letter.tenant_id and l.id = home;

  if old_status = 'new' then
    insert into crm.lead_status_history (tenant_id, id, lead_id, axis, from_value, to_value, triggered_by)
    values (p_letter.tenant_id, change, home, 'contact_status', 'new', 'contacted', 'rule');
    perform app.emit(app.new_id(), 'ContactStatusChanged', 1, 'lead', home, change::text,
                     '{"axis": "contact_status", "from": "new", "to": "contacted"}');
    insert into crm.activities (tenant_id, id, lead_id, kind, data)
    values (p_letter.tenant_id, app.new_id(), home, 'contact_status_changed', '{"from": "new", "to": "contacted"}');
    insert into crm.audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
    values (p_letter.tenant_id, app.new_id(), 'contact_status_changed', 'lead', home, 'contact_status', 'new', 'contacted');
  end if;
end $$;

-- When the last delivery of a draft is sent, so is the draft, in the words of the conversation too.
create or replace function sec.settle_draft(p_tenant uuid, p_delivery uuid) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  letter crm.drafts;
begin
  update crm.drafts d
     set status = 'sent', sent_via = x.channel, message_id = x.message_id,
         external_message_id = x.external_message_id, sent_at = now()
    from crm.deliveries x
   where x.tenant_id = p_tenant and x.id = p_delivery
     and d.tenant_id = p_tenant and d.id = x.draft_id and d.status = 'approved'
     and not exists (select from crm.deliveries o where o.tenant_id = p_tenant and o.draft_id = d.id
                       and o.state <> 'sent')
  returning d.* into letter;
  if found then perform sec.keep_letter(letter); end if;
end $$;

-- What is due: today's list asks for the follow-ups of one person.
-- lint:allow index: before the first release
create index leads_followup_idx on crm.leads (tenant_id, owner_id, next_followup_at)
  where next_followup_at is not null and archived_at is null and deleted_at is null;

-- The frame around every page also counts what its reader was told and has not read.
drop function app.enter(bytea, text, text, boolean);
create function app.enter(p_token_hash bytea, p_permission text, p_request text, p_with_counts boolean)
  returns table (
    tenant_id uuid, user_id uuid, roles text[], name text, tenant_name text, locale text,
    currency text, entered_at timestamptz, is_touch_due boolean, waiting_drafts bigint,
    still_deliveries bigint, unread_notifications bigint)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
begin
  select s.tenant_id, s.user_id, m.roles, m.display_name, t.name, coalesce(u.locale, t.locale),
         t.currency, now(), s.touched_at < now() - interval '1 minute', t.timezone
    into tenant_id, user_id, roles, name, tenant_name, locale, currency, entered_at, is_touch_due, zone
    from sec.sessions s
    join crm.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
    join crm.tenants t on t.id = s.tenant_id
    join sec.users u on u.id = s.user_id
   where s.token_hash = p_token_hash
     and s.expires_at > now() and s.idle_expires_at > now()
     and m.disabled_at is null and u.disabled_at is null;
  if not found then
    raise exception 'no such session' using errcode = 'CF401';
  end if;
  if p_permission is not null and not exists (
      select from app.role_permissions p where p.permission = p_permission and p.role = any (enter.roles)) then
    raise exception 'not permitted: %', p_permission using errcode = 'CF403';
  end if;
  perform set_config('app.ticket', encode(p_token_hash, 'hex'), true),
          set_config('TimeZone', zone, true),
          set_config('app.request', coalesce(p_request, ''), true);
  if p_with_counts then
    select count(*) into waiting_drafts from (
      select from crm.drafts d
       where d.tenant_id = enter.tenant_id and d.status = 'under_review'
         and enter.user_id not in (d.author_id, d.last_editor_id) limit 501) w;
    select count(*) into still_deliveries from (
      select from crm.deliveries x
       where x.tenant_id = enter.tenant_id and x.state in ('uncertain', 'blocked', 'dead') limit 501) s;
    select count(*) into unread_notifications from (
      select from crm.notifications n
       where n.tenant_id = enter.tenant_id and n.user_id = enter.user_id and n.read_at is null limit 501) u;
  end if;
  return next;
end $$;
grant execute on function app.enter(bytea, text, text, boolean) to closerflow_web;

-- migrate:down
drop function app.enter(bytea, text, text, boolean);
create function app.enter(p_token_hash bytea, p_permission text, p_request text, p_with_counts boolean)
  returns table (
    tenant_id uuid, user_id uuid, roles text[], name text, tenant_name text, locale text,
    currency text, entered_at timestamptz, is_touch_due boolean, waiting_drafts bigint,
    still_deliveries bigint)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
begin
  select s.tenant_id, s.user_id, m.roles, m.display_name, t.name, coalesce(u.locale, t.locale),
         t.currency, now(), s.touched_at < now() - interval '1 minute', t.timezone
    into tenant_id, user_id, roles, name, tenant_name, locale, currency, entered_at, is_touch_due, zone
    from sec.sessions s
    join crm.memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id
    join crm.tenants t on t.id = s.tenant_id
    join sec.users u on u.id = s.user_id
   where s.token_hash = p_token_hash
     and s.expires_at > now() and s.idle_expires_at > now()
     and m.disabled_at is null and u.disabled_at is null;
  if not found then
    raise exception 'no such session' using errcode = 'CF401';
  end if;
  if p_permission is not null and not exists (
      select from app.role_permissions p where p.permission = p_permission and p.role = any (enter.roles)) then
    raise exception 'not permitted: %', p_permission using errcode = 'CF403';
  end if;
  perform set_config('app.ticket', encode(p_token_hash, 'hex'), true),
          set_config('TimeZone', zone, true),
          set_config('app.request', coalesce(p_request, ''), true);
  if p_with_counts then
    select count(*) into waiting_drafts from (
      select from crm.drafts d
       where d.tenant_id = enter.tenant_id and d.status = 'under_review'
         and enter.user_id not in (d.author_id, d.last_editor_id) limit 501) w;
    select count(*) into still_deliveries from (
      select from crm.deliveries x
       where x.tenant_id = enter.tenant_id and x.state in ('uncertain', 'blocked', 'dead') limit 501) s;
  end if;
  return next;
end $$;
grant execute on function app.enter(bytea, text, text, boolean) to closerflow_web;
drop index crm.leads_followup_idx;
create or replace function sec.settle_draft(p_tenant uuid, p_delivery uuid) returns void
  language sql
  set search_path = pg_catalog, pg_temp
  begin atomic
    update crm.drafts d
       set status = 'sent', sent_via = x.channel, message_id = x.message_id,
           external_message_id = x.external_message_id, sent_at = now()
      from crm.deliveries x
     where x.tenant_id = p_tenant and x.id = p_delivery
       and d.tenant_id = p_tenant and d.id = x.draft_id and d.status = 'approved'
       and not exists (select from crm.deliveries o where o.tenant_id = p_tenant and o.draft_id = d.id
                         and o.state <> 'sent');
  end;
drop function sec.keep_letter(crm.drafts);
alter table crm.lead_status_history
  drop constraint lead_status_history_who,
  alter column actor_id set not null;
revoke update (last_contact_at) on crm.leads from closerflow_web;
drop index crm.threads_awaiting_idx, crm.messages_draft_key;
alter table crm.messages drop column draft_id;
drop table crm.notes;
drop function app.keep_note();
create or replace function app.mark_committing(p_id uuid, p_token bigint) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform from crm.deliveries x
     join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
     join crm.leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    where x.tenant_id = app.tenant() and x.id = p_id
      for share of l;
  if exists (
      select from crm.deliveries x
        join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
        join crm.leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
       where x.tenant_id = app.tenant() and x.id = p_id and l.suppressed_at is not null) then
    raise exception 'the lead may not be written to' using errcode = 'CF409', constraint = 'deliveries_suppressed';
  end if;
  update crm.deliveries set state = 'committing'
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token and state = 'leased'
     and lease_until > clock_timestamp();
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, 'committing', null);
end $$;
drop function app.is_on_dnc_list(uuid, text);
drop table crm.dnc_entries;
drop function app.keep_dnc_entry();
