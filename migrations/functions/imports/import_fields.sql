-- for: owner
-- What a row could write over, as it is now.
create or replace function sec.import_fields(p_tenant uuid, p_lead uuid, p_contact uuid) returns jsonb
  language sql stable
  set search_path = pg_catalog, pg_temp
  begin atomic
    select jsonb_build_object(
             'lead', l.id, 'title', l.title, 'description', l.description, 'company', l.company, 'source', l.source,
             'estimated_value', l.estimated_value, 'external_id', l.external_id, 'language', l.language, 'owner_id', l.owner_id,
             'contact', c.id, 'first_name', c.first_name, 'last_name', c.last_name,
             'email', c.email::text, 'phone', c.phone::text)
      from crm.leads l
      left join crm.contacts c on c.tenant_id = p_tenant and c.deleted_at is null
                              and c.id = sec.import_person(p_tenant, l.id, p_contact)
     where l.tenant_id = p_tenant and l.id = p_lead;
  end;
