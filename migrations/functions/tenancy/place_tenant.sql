-- for: owner
create or replace function app.place_tenant() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  new.phone_region := coalesce(new.phone_region, app.likely_region(new.timezone, new.locale));
  return new;
end $$;

create or replace trigger place before insert on crm.tenants for each row execute function app.place_tenant();
