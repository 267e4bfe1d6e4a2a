-- for: web
-- Takes an operation back: each field that still is as the operation left it gets its old value; what
-- somebody edited since stays, and is named in operation_changes. Histories and facts of this are written
-- here. An import has an undo of its own. Raises CF409 when it was taken
-- back before, CF403 when the person may not write leads.
create or replace function app.undo_operation(p_id uuid) returns table (restored bigint, refused bigint)
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
