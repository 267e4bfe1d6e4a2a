-- for: owner
-- The copies on leads follow the person.
create or replace function app.copy_changed_contact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
begin
  perform sec.copy_people(new.tenant_id, array(
    select lc.lead_id from crm.lead_contacts lc where lc.tenant_id = new.tenant_id and lc.contact_id = new.id));
  return null;
end $$;

create or replace trigger copy_to_leads after update of first_name, last_name, email, phone on crm.contacts
  for each row execute function app.copy_changed_contact();
