-- for: owner
-- The copies of its people that a lead is listed and found by: the primary one's apart, the others' together.
-- Found by key and written only where they differ; a plan made while the tables were small is kept for long,
-- so it may not read them whole.
create or replace function sec.copy_people(p_tenant uuid, p_leads uuid[]) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set enable_seqscan = off
as $$
begin
  update crm.leads l
     set contact_name = k.name, contact_email = k.email, contact_phone = k.phone, people = k.people
    from unnest(p_leads) f (id)
   cross join lateral (
     select max(p.name) filter (where p.is_primary) as name, max(p.email) filter (where p.is_primary) as email,
            max(p.phone) filter (where p.is_primary) as phone,
            string_agg(concat_ws(' ', p.name, p.email, p.phone), ' ' order by p.id) filter (where not p.is_primary) as people
       from (select c.id, lc.is_primary, nullif(concat_ws(' ', c.first_name, c.last_name), '') as name,
                    c.email::text as email, c.phone::text as phone
               from crm.lead_contacts lc
               join crm.contacts c on c.tenant_id = lc.tenant_id and c.id = lc.contact_id
              where lc.tenant_id = p_tenant and lc.lead_id = f.id
              order by lc.is_primary desc, c.id limit 100) p) k
   where l.tenant_id = p_tenant and l.id = f.id
     and (l.contact_name is distinct from k.name or l.contact_email is distinct from k.email
          or l.contact_phone is distinct from k.phone or l.people is distinct from k.people);
end $$;
