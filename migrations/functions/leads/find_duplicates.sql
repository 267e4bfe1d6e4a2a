-- for: web, worker
-- Live leads that a new one may be: of the same person, by address or number, or of a similar name at a
-- similar company; with the name of the person it was found by. Similarity is asked with operators that are
-- not leakproof; it names the tenant itself.
create or replace function app.find_duplicates(p_email text, p_phone text, p_name text, p_company text)
  returns table (id uuid, is_same_person boolean, person text)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.6
  set plan_cache_mode = force_custom_plan
  rows 5
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  return query
    with known as (
      -- Where the address is one person's and the number another's, the address counts.
      select distinct on (lc.lead_id) lc.lead_id,
             coalesce(nullif(concat_ws(' ', c.first_name, c.last_name), ''), c.email, c.phone) as name
        from crm.contacts c
        join crm.lead_contacts lc on lc.tenant_id = c.tenant_id and lc.contact_id = c.id
       where c.tenant_id = this_tenant and c.deleted_at is null and (c.email = p_email or c.phone = p_phone)
       order by lc.lead_id, (c.email = p_email) desc nulls last)
    select l.id, true, k.name from known k
      join crm.leads l on l.tenant_id = this_tenant and l.id = k.lead_id and l.deleted_at is null
     order by l.id desc limit 10;
  if p_name is not null and p_company is not null then
    return query
      select l.id, false, l.contact_name from crm.leads l
       where l.tenant_id = this_tenant and l.deleted_at is null
         and app.fold(p_name) <% l.search and app.fold(p_company) <% l.search
         and word_similarity(app.fold(p_company), app.fold(l.company)) >= 0.6
         and word_similarity(app.fold(p_name), app.fold(l.contact_name)) >= 0.6
         and not exists (
           select from crm.contacts c join crm.lead_contacts lc on lc.tenant_id = c.tenant_id and lc.contact_id = c.id
            where c.tenant_id = this_tenant and lc.lead_id = l.id and c.deleted_at is null
              and (c.email = p_email or c.phone = p_phone))
       order by l.id desc limit 10;
  end if;
end $$;
