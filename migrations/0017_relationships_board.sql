-- migrate:up
-- How leads are related, and the board: its columns and totals. The comments below allow locks on
-- crm.leads: nothing was released before this.

-- How two leads are related. In a referral the first referred the other; the rest go both ways. It is
-- never changed; what no longer holds is removed.
create table crm.lead_relationships (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  other_id uuid not null,
  kind text not null check (kind in ('referral', 'colleague', 'family', 'same_company')),
  note text check (length(note) between 1 and 500),
  created_by uuid not null,
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  removed_by uuid,
  primary key (tenant_id, id),
  constraint lead_relationships_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint lead_relationships_other_fkey foreign key (tenant_id, other_id) references crm.leads (tenant_id, id),
  constraint lead_relationships_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint lead_relationships_removed_by_fkey foreign key (tenant_id, removed_by)
    references crm.memberships (tenant_id, user_id),
  constraint lead_relationships_two check (lead_id <> other_id),
  constraint lead_relationships_removed check ((removed_at is null) = (removed_by is null))
);
-- One of a kind between two leads, whichever of them it was noted at.
create unique index lead_relationships_live_key on crm.lead_relationships
  (tenant_id, least(lead_id, other_id), greatest(lead_id, other_id), kind) where removed_at is null;
create index lead_relationships_lead_idx on crm.lead_relationships (tenant_id, lead_id) where removed_at is null;
create index lead_relationships_other_idx on crm.lead_relationships (tenant_id, other_id) where removed_at is null;
create index lead_relationships_created_by_idx on crm.lead_relationships (tenant_id, created_by);
create index lead_relationships_removed_by_idx on crm.lead_relationships (tenant_id, removed_by)
  where removed_by is not null;
call app.fence('crm.lead_relationships');
grant select on crm.lead_relationships to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, other_id, kind, note, created_by), update (removed_at, removed_by)
  on crm.lead_relationships to closerflow_web;

create function app.keep_relationship() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.created_by := app.actor();
    new.created_at := now();
  elsif old.removed_at is not null then
    raise exception 'a removed relationship stays removed' using errcode = 'CF004', constraint = 'lead_relationships_removed';
  else
    new.removed_at := now();
    new.removed_by := app.actor();
  end if;
  return new;
end $$;
create trigger keep before insert or update on crm.lead_relationships
  for each row execute function app.keep_relationship();

-- The board shows open, active leads by stage; its totals read no more than this index.
-- lint:allow index: before the first release
create index leads_board_idx on crm.leads (tenant_id, stage, id desc) include (estimated_value, owner_id, is_test)
  where outcome = 'open' and archived_at is null and deleted_at is null;

-- The cards of every column, the newest first, p_limit of each. The filter is the list's; stage, outcome
-- and life are the board's own. Like app.find_leads this steps outside row security and names the tenant.
-- Words and a tag are searched for once, not once a column.
create function app.board_cards(p_filter jsonb, p_limit int) returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 80
as $$
declare
  shown constant jsonb := p_filter || '{"stage": null, "outcome": "open", "life": "active"}';
  this_tenant constant uuid := app.tenant();
  of_stage text;
begin
  if this_tenant is null then return; end if;
  if sec.lead_contents(shown) is not null then
    return query
      select r.id from (
        select l.id, row_number() over (partition by l.stage order by l.id desc) as place from crm.leads l
         where l.tenant_id = this_tenant and l.id = any (sec.find_leads(this_tenant, app.actor(), shown, null, null, 2000))) r
       where r.place <= least(p_limit, 101);
    return;
  end if;
  foreach of_stage in array array['new', 'discovery', 'proposal', 'decision'] loop
    return query select f.id
      from unnest(sec.find_leads(this_tenant, app.actor(), shown || jsonb_build_object('stage', of_stage), null, null, least(p_limit, 101))) f (id);
  end loop;
end $$;

-- How many leads stand in a column, and what they are worth together, tests aside; no more than p_cap are
-- looked at.
create function app.board_totals(p_filter jsonb, p_cap int)
  returns table (stage text, leads bigint, value bigint)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set enable_seqscan = off
  rows 4
as $$
declare
  shown constant jsonb := p_filter || '{"stage": null, "outcome": "open", "life": "active", "test": "no"}';
  cap constant int := least(p_cap, 20001);
  this_tenant constant uuid := app.tenant();
  found_ids uuid[];
begin
  if this_tenant is null then return; end if;
  if sec.lead_contents(shown) is not null then
    found_ids := sec.find_leads(this_tenant, app.actor(), shown, 'any', null, cap + 1);
    return query
      select s.stage,
             case when cardinality(found_ids) > cap then greatest(count(l.id), cap + 1) else count(l.id) end,
             coalesce(sum(l.estimated_value), 0)::bigint
        from unnest(array['new', 'discovery', 'proposal', 'decision']) s (stage)
        left join crm.leads l on l.tenant_id = this_tenant and l.id = any (found_ids) and l.stage = s.stage
       group by s.stage;
    return;
  end if;
  foreach stage in array array['new', 'discovery', 'proposal', 'decision'] loop
    execute format(
      'select count(*), coalesce(sum(x.estimated_value), 0)::bigint from (
         select l.estimated_value from crm.leads l where %s limit %s) x',
      sec.lead_conditions(this_tenant, app.actor(), shown || jsonb_build_object('stage', stage)), cap)
      into leads, value;
    return next;
  end loop;
end $$;
grant execute on function app.board_cards(jsonb, int), app.board_totals(jsonb, int) to closerflow_web;

-- After how many days without anything happening a card is tinted; 0 never.
-- lint:allow drop: the wider one follows
-- lint:allow check: a handful of rows
alter table crm.tenant_settings
  drop constraint tenant_settings_key_known,
  add constraint tenant_settings_key_known check (key in ('self_approval', 'assignment', 'board_idle_days')),
  add constraint tenant_settings_board_idle_days check (key <> 'board_idle_days' or (
    jsonb_typeof(value) = 'number' and value::int between 0 and 365));

-- migrate:down
alter table crm.tenant_settings
  drop constraint tenant_settings_board_idle_days,
  drop constraint tenant_settings_key_known,
  add constraint tenant_settings_key_known check (key in ('self_approval', 'assignment')) not valid;
drop function app.board_totals(jsonb, int), app.board_cards(jsonb, int);
drop index crm.leads_board_idx;
drop table crm.lead_relationships;
drop function app.keep_relationship();
