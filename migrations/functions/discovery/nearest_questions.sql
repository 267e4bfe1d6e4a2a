-- for: web, worker
-- The nearest of a tenant's bank. The index knows all tenants: it is walked until enough of this one's are
-- found, and where its walk ends too early the tenant's own rows are all compared.
create or replace function app.nearest_questions(p_place extensions.vector, p_model text, p_limit int)
  returns table (id uuid, distance real)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set hnsw.iterative_scan = strict_order
  set hnsw.max_scan_tuples = 20000
  set plan_cache_mode = force_custom_plan
  rows 10
as $$
declare
  this_tenant constant uuid := app.tenant();
  wanted constant int := least(p_limit, 50);
  ids uuid[];
  distances real[];
begin
  -- A small bank is compared whole: quicker than the index, and it misses nothing.
  if (select count(*) from (select from crm.question_bank b where b.tenant_id = this_tenant limit 2001) few) > 2000 then
    select array_agg(n.id), array_agg(n.distance) into ids, distances from (
      select b.id, (b.embedding <=> p_place)::real as distance from crm.question_bank b
       where b.tenant_id = this_tenant and b.retired_at is null and b.embedding_model = p_model
       order by b.embedding <=> p_place limit wanted) n;
    if cardinality(ids) >= wanted then
      return query select n.id, n.distance from unnest(ids, distances) n (id, distance) order by n.distance;
      return;
    end if;
  end if;
  -- No index orders by a sum: every row of the tenant is compared.
  return query
    select b.id, (b.embedding <=> p_place)::real from crm.question_bank b
     where b.tenant_id = this_tenant and b.retired_at is null and b.embedding_model = p_model
     order by (b.embedding <=> p_place) + 0 limit wanted;
end $$;
