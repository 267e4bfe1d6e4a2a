-- for: owner
-- Tells the planner of a tenant whose rows it takes for a few: it would go through all of them for each line,
-- one index of the tenant's being as good as another. A large table is analysed by itself only after a tenth
-- of it has changed. Whoever comes while another does it, or soon after, goes on without.
create or replace function sec.size_import_tables() returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '100ms'
as $$
declare
  small text;
  plan json;
  expected bigint;
  is_wrong boolean;
begin
  foreach small in array array['crm.leads', 'crm.contacts', 'crm.lead_contacts', 'crm.lead_import_rows'] loop
    execute format('explain (format json) select from %s x where x.tenant_id = %L', small, app.tenant()) into plan;
    expected := (plan #>> '{0,Plan,Plan Rows}')::bigint;
    continue when expected > 2000 or greatest(
      pg_stat_get_last_analyze_time(small::regclass), pg_stat_get_last_autoanalyze_time(small::regclass))
      > clock_timestamp() - least(20, 1 + expected / 100) * interval '1 second';
    execute format('select exists (select from %s x where x.tenant_id = %L offset %s)', small, app.tenant(), 5 * expected + 50)
      into is_wrong;
    continue when not is_wrong or not pg_try_advisory_xact_lock(hashtextextended('analyze:' || small, 0));
    begin
      execute 'analyze ' || small;
    exception when lock_not_available then
      null;  -- Somebody tends the table.
    end;
  end loop;
end $$;
