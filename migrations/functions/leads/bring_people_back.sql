-- for: owner
-- A lead that is restored has its people again, who went with it when its import was taken back; whoever's
-- address or number is another's by now stays away.
create or replace function app.bring_people_back() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  update crm.contacts c set deleted_at = null
    from crm.lead_contacts lc
   where lc.tenant_id = new.tenant_id and lc.lead_id = new.id and c.tenant_id = lc.tenant_id and c.id = lc.contact_id
     and c.deleted_at is not null and not exists (
       select from crm.contacts x
        where x.tenant_id = c.tenant_id and x.deleted_at is null and (x.email = c.email or x.phone = c.phone));
  delete from crm.lead_contacts lc using crm.contacts c
   where lc.tenant_id = new.tenant_id and lc.lead_id = new.id and c.tenant_id = lc.tenant_id and c.id = lc.contact_id
     and c.deleted_at is not null;
  return null;
end $$;

create or replace trigger bring_people_back after update of deleted_at on crm.leads
  for each row when (old.deleted_at is not null and new.deleted_at is null)
  execute function app.bring_people_back();
