-- for: web, worker
-- Whether an address or a number is on the tenant's list; asked by pages, by the policy and at the mark.
create or replace function app.is_on_dnc_list(p_tenant uuid, p_address text) returns boolean
  language sql stable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.dnc_entries e
                    where e.tenant_id = p_tenant and e.address = p_address and e.removed_at is null);
  end;
