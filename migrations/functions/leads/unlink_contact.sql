-- for: web
-- Takes a person off a lead of this tenant; who is primary stays until another takes the place. Raises CF403 for those
-- who may not write leads.
create or replace function app.unlink_contact(p_lead uuid, p_contact uuid) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not app.may('write_leads') then
    raise exception 'not permitted: write_leads' using errcode = 'CF403', constraint = 'lead_contacts_writer';
  end if;
  delete from crm.lead_contacts lc
   where lc.tenant_id = app.tenant() and lc.lead_id = p_lead and lc.contact_id = p_contact and not lc.is_primary;
end $$;
