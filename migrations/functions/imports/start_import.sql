-- for: web
-- Begins the writing of what was seen in this round, once: the operation that its undo goes by.
create or replace function app.start_import(p_import uuid, p_operation uuid, p_round int) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_import constant crm.lead_imports := sec.import_in(p_import, 'checked');
begin
  if this_import.round is distinct from p_round then
    raise exception 'another dry run was seen' using errcode = 'CF409', constraint = 'lead_imports_state';
  end if;
  if exists (select from crm.memberships m
              where m.tenant_id = this_import.tenant_id and m.user_id = this_import.owner_id and m.disabled_at is not null) then
    raise exception 'no member any more' using errcode = 'foreign_key_violation', constraint = 'lead_imports_owner_fkey';
  end if;
  insert into crm.operations (tenant_id, id, kind, action, actor_id)
  values (this_import.tenant_id, p_operation, 'import', 'leads', app.actor());
  update crm.lead_imports set state = 'committing', operation_id = p_operation
   where tenant_id = this_import.tenant_id and id = p_import;
end $$;
