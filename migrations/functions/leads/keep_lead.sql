-- for: owner
-- A lead's clocks and its edit counter are the database's. A clock that is put back keeps what it said.
create or replace function app.keep_lead() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.stage := 'new';
    new.outcome := 'open';
    new.contact_status := 'new';
    if current_user <> 'closerflow_owner' or new.created_by is null then
      new.created_by := app.actor();
    end if;
    return new;
  end if;
  if new.stage <> old.stage and new.stage_since = old.stage_since then new.stage_since := now(); end if;
  if new.outcome <> old.outcome then
    new.outcome_since := now();
    new.converted_at := case when new.outcome = 'won' then now() end;
    if new.outcome <> 'won' then new.client_id := null; end if;
  end if;
  if new.event_seq <> old.event_seq then
    new.last_activity_at := now();
  elsif new.people is not distinct from old.people
        or (new.contact_name, new.contact_email, new.contact_phone)
           is distinct from (old.contact_name, old.contact_email, old.contact_phone) then
    -- Somebody more beside the primary person makes nobody's edit an old one.
    new.revision := old.revision + 1;
  end if;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.leads for each row execute function app.keep_lead();
