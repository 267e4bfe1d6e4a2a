-- for: owner
-- Finds whom the rows of some lines are about, and says what would become of them: somebody known by number of
-- record, address or telephone number, or of the same name at the same company, is a duplicate, or updated, or, where
-- it is a person, given a new lead, as the mode says; the rest are new. A merged lead is the one it went into. A number
-- of record beside the address of somebody who does not stand at that lead is an error: it would be written over the
-- wrong person. Where only name and company speak and the file has an address or a number of its own, it is left to a
-- person. While they are written, a row is an error that would write over what was edited after the dry run, or
-- captured after it, and one that would be given to somebody who has left.
create or replace function sec.judge_rows(p_import uuid, p_from int, p_to int, p_statuses text[]) returns void
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
