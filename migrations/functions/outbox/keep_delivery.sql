-- for: owner
-- A delivery appears with its approval or not at all: no second thought adds one later. What its message will be known
-- by is made here, from its id and the sender's domain.
create or replace function app.keep_delivery() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from crm.approvals a where a.tenant_id = new.tenant_id and a.id = new.approval_id
                   and a.txid = pg_current_xact_id()) then
    raise exception 'a delivery is made with its approval' using errcode = 'CF004', constraint = 'deliveries_with_approval';
  end if;
  select '<' || new.id || '@' || split_part(t.contact_email, '@', 2) || '>' into strict new.message_id
    from crm.tenants t where t.id = new.tenant_id;
  return new;
end $$;

create or replace trigger keep before insert on crm.deliveries for each row execute function app.keep_delivery();
