-- for: web
-- Puts one person of this tenant in the place of another at every lead where that one stands: primary where either
-- was, in the role that was said of either. Raises CF403 for those who may not write leads.
create or replace function app.move_leads(p_from uuid, p_to uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not app.may('write_leads') then
    raise exception 'not permitted: write_leads' using errcode = 'CF403', constraint = 'lead_contacts_writer';
  end if;
  with gone as (
    delete from crm.lead_contacts lc where lc.tenant_id = app.tenant() and lc.contact_id = p_from
    returning lc.tenant_id, lc.lead_id, lc.is_primary, lc.role
  ), beside as (
    update crm.lead_contacts k set is_primary = k.is_primary or g.is_primary, role = coalesce(k.role, g.role) from gone g
     where k.tenant_id = g.tenant_id and k.lead_id = g.lead_id and k.contact_id = p_to
       and (g.is_primary and not k.is_primary or k.role is null and g.role is not null)
  )
  insert into crm.lead_contacts (tenant_id, lead_id, contact_id, is_primary, role)
  select g.tenant_id, g.lead_id, p_to, g.is_primary, g.role from gone g
   where not exists (select from crm.lead_contacts k
                      where k.tenant_id = g.tenant_id and k.lead_id = g.lead_id and k.contact_id = p_to);
end $$;
