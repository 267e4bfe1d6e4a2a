-- for: owner
-- An owner never changes without its assignment: checked when the transaction commits.
create or replace function app.check_assignment_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
      select from crm.lead_assignments a
       where a.tenant_id = new.tenant_id and a.lead_id = new.id and a.txid = pg_current_xact_id()
         and a.to_user is not distinct from new.owner_id
         and a.from_user is not distinct from case tg_op when 'UPDATE' then old.owner_id end) then
    raise exception 'owner of lead % changed without its assignment', new.id
      using errcode = 'CF003', constraint = 'leads_assignment_recorded';
  end if;
  return null;
end $$;

create constraint trigger assignment_recorded after update of owner_id on crm.leads
  deferrable initially deferred for each row when (old.owner_id is distinct from new.owner_id)
  execute function app.check_assignment_recorded();

create constraint trigger assignment_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row
  when (new.owner_id is not null and not (session_user = 'closerflow_worker' and current_user = 'closerflow_owner'
             and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.check_assignment_recorded();
