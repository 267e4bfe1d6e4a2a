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

-- migrate:down
drop table crm.lead_relationships;
drop function app.keep_relationship();
