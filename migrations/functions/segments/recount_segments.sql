-- for: worker
-- Counts anew what was counted more than an hour ago, a few segments at a time, each with its owner's eyes
-- and in its tenant's days; says how many. Asked by the worker, for all tenants.
create or replace function app.recount_segments(p_limit int) returns int
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  old record;
  now_count int;
  counted int := 0;
  is_late boolean := false;
begin
  for old in
    select s.tenant_id, s.id, s.owner_id, s.filter, t.timezone
      from crm.segments s join crm.tenants t on t.id = s.tenant_id
     where s.counted_at is null or s.counted_at < now() - interval '1 hour'
     order by s.counted_at nulls first limit least(p_limit, 100) for no key update of s skip locked
  loop
    begin
      perform set_config('TimeZone', old.timezone, true);
      now_count := cardinality(sec.lead_ids(old.tenant_id, old.owner_id, old.filter, 'any', null, 1000000));
    exception when others or query_canceled then
      -- A filter that nothing reads, or that takes longer than a statement may, keeps no other from being counted.
      now_count := null;
      is_late := sqlstate = '57014';
    end;
    update crm.segments s set lead_count = now_count, counted_at = now()
     where s.tenant_id = old.tenant_id and s.id = old.id;
    counted := counted + 1;
    -- The time that this statement had is used up.
    exit when is_late;
  end loop;
  return counted;
end $$;
