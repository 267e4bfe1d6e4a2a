-- for: owner
-- Whom a row writes over: the person it names, else the lead's first.
create or replace function sec.import_person(p_tenant uuid, p_lead uuid, p_contact uuid) returns uuid
  language sql stable
  return coalesce(p_contact, (
    select lc.contact_id from crm.lead_contacts lc
     where lc.tenant_id = p_tenant and lc.lead_id = p_lead and lc.is_primary));
