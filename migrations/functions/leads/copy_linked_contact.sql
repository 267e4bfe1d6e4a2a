-- for: owner
-- The copies on a lead follow who stands at it.
create or replace function app.copy_linked_contact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform sec.copy_people(
    case tg_op when 'DELETE' then old.tenant_id else new.tenant_id end,
    array[case tg_op when 'DELETE' then old.lead_id else new.lead_id end]);
  return null;
end $$;

create or replace trigger copy_to_leads after insert or update of is_primary or delete on crm.lead_contacts
  for each row
  when (not (session_user = 'closerflow_worker' and current_user = 'closerflow_owner'
             and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.copy_linked_contact();
