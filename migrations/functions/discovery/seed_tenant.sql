-- for: owner
create or replace function app.seed_tenant() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform app.seed_discovery(new.id, new.locale);
  return null;
end $$;

create or replace trigger seed after insert on crm.tenants for each row execute function app.seed_tenant();
