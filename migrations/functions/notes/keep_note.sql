-- for: owner
-- A note is its writer's, and stays as it was written.
create or replace function app.keep_note() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.author_id := app.actor();
    new.created_at := now();
    return new;
  end if;
  if old.struck_at is not null
     or (new.tenant_id, new.id, new.lead_id, new.body, new.author_id, new.created_at)
        is distinct from (old.tenant_id, old.id, old.lead_id, old.body, old.author_id, old.created_at) then
    raise exception 'a note stays as it was written' using errcode = 'CF004', constraint = 'notes_kept';
  end if;
  new.struck_at := now();
  new.struck_by := app.actor();
  return new;
end $$;

create or replace trigger keep before insert or update on crm.notes for each row execute function app.keep_note();
