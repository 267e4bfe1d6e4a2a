-- for: owner
-- A delivery appears with its approval or not at all: no second thought adds one later.
create or replace function app.keep_delivery() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.approvals a where a.tenant_id = new.tenant_id and a.id = new.approval_id
                   and a.txid = pg_current_xact_id()) then
    raise exception 'a delivery is made with its approval' using errcode = 'CF004', constraint = 'deliveries_with_approval';
  end if;
  return new;
end $$;

create or replace trigger keep before insert on crm.deliveries for each row execute function app.keep_delivery();
