-- for: worker
-- Puts back the next fields that the import changed, where they still are as it left them; the others
-- are left and marked. Nothing is written when none is left.
create or replace function app.undo_import_changes(p_import uuid, p_limit int, out written int, out last_line int)
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
