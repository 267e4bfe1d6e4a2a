-- for: owner
-- An import goes one way. The web may ask for a dry run, for the writing and for the undo, no more.
create or replace function app.keep_import() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  move constant text := old.state || ' ' || new.state;
begin
  if tg_op = 'INSERT' then
    new.state := 'mapping';
    new.created_by := app.actor();
    return new;
  end if;
  if new.state <> old.state or new.round <> old.round then
    if move not in ('mapping checking', 'checked checking', 'checking checking', 'checked committing', 'done undoing',
                    -- Half written, and no worker gets any further.
                    'committing undoing')
       and (current_user <> 'closerflow_owner'
            or move not in ('checking checked', 'committing done', 'undoing undone',
                             'mapping discarded', 'checking discarded', 'checked discarded')) then
      raise exception 'an import does not move from % to %', old.state, new.state
        using errcode = 'CF409', constraint = 'lead_imports_state';
    end if;
  end if;
  if (new.mapping, new.mode, new.owner_id, new.source) is distinct from (old.mapping, old.mode, old.owner_id, old.source)
     and new.state <> 'checking' then
    raise exception 'what was checked is what is written'
      using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.lead_imports for each row execute function app.keep_import();
