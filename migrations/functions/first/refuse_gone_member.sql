-- for: owner
-- Nobody is given leads who has left, by a page opened before; what is taken back goes back to whom it was.
create or replace function app.refuse_gone_member() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from crm.memberships m
              where m.tenant_id = new.tenant_id and m.user_id = (to_jsonb(new) ->> tg_argv[0])::uuid
                and m.disabled_at is not null) then
    raise exception 'no member any more' using errcode = 'foreign_key_violation', constraint = tg_argv[1];
  end if;
  return new;
end $$;
