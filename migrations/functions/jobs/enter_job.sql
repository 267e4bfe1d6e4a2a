-- for: worker
-- Enters the tenant of a job this worker holds. Raises CF409 when the lease is gone, CF403 when the
-- person who asked may not do it any more.
create or replace function app.enter_job(p_tenant uuid, p_id uuid, p_token bigint) returns uuid
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
  is_member boolean;
begin
  -- What was asked for as a writer of leads is not done for somebody who is none any more.
  select t.timezone,
         m.disabled_at is null and exists (
           select from app.role_permissions p where p.role = any (m.roles) and p.permission = 'write_leads')
    into zone, is_member
    from crm.jobs j
    join crm.tenants t on t.id = j.tenant_id
    join crm.memberships m on m.tenant_id = j.tenant_id and m.user_id = j.requested_by
   where j.tenant_id = p_tenant and j.id = p_id and j.lease_token = p_token and j.state = 'leased';
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'jobs_lease';
  end if;
  if not is_member then
    raise exception 'who asked may not do it any more' using errcode = 'CF403', constraint = 'jobs_member';
  end if;
  perform set_config('app.ticket', concat_ws('/', 'job', p_tenant, p_id, p_token), true),
          set_config('TimeZone', zone, true),
          set_config('app.request', 'job/' || p_id, true);
  return p_tenant;
end $$;
