-- migrate:up
-- The lead list's filters, in one function: free text and tags are matched by operators that are not
-- leakproof, which row security would keep from using an index. It names the tenant itself.

-- lint:allow index: before the first release
create index leads_tags_idx on crm.leads using gin (tenant_id extensions.uuid_ops, tags);

-- Null stands for "any". p_owner and p_without_owner exclude each other; p_before is the id that the
-- page starts after; dates bound created_at, the later one exclusive.
create function app.find_leads(
    p_pattern text, p_tag text, p_stage text, p_outcome text, p_contact_status text, p_tier text,
    p_owner uuid, p_without_owner boolean, p_source text, p_from timestamptz, p_until timestamptz,
    p_life text, p_before uuid, p_limit int)
  returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  -- What narrows differs by thousands; a plan for all of it would be wrong for most.
  set plan_cache_mode = force_custom_plan
  rows 50
as $$
declare
  this_tenant constant uuid := app.tenant();
begin
  return query
    select l.id from crm.leads l
     where l.tenant_id = this_tenant
       and (p_pattern is null or l.search like p_pattern)
       and (p_tag is null or l.tags @> array[p_tag])
       and (p_stage is null or l.stage = p_stage)
       and (p_outcome is null or l.outcome = p_outcome)
       and (p_contact_status is null or l.contact_status = p_contact_status)
       and (p_tier is null or l.priority_tier = p_tier)
       and (p_owner is null or l.owner_id = p_owner)
       and (not p_without_owner or l.owner_id is null)
       and (p_source is null or l.source = p_source)
       and (p_from is null or l.created_at >= p_from)
       and (p_until is null or l.created_at < p_until)
       and case p_life when 'active' then l.archived_at is null and l.deleted_at is null
                       when 'archived' then l.archived_at is not null and l.deleted_at is null
                       else l.deleted_at is not null end
       and (p_before is null or l.id < p_before)
     order by l.id desc
     limit least(p_limit, 501);
end $$;
grant execute on function app.find_leads(
  text, text, text, text, text, text, uuid, boolean, text, timestamptz, timestamptz, text, uuid, int)
  to closerflow_web;

-- migrate:down
drop function app.find_leads(
  text, text, text, text, text, text, uuid, boolean, text, timestamptz, timestamptz, text, uuid, int);
drop index crm.leads_tags_idx;
