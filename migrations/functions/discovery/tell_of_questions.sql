-- for: owner
-- Whoever asked for questions is told how the search ended, in the transaction that ends it.
create or replace function app.tell_of_questions() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.notifications (tenant_id, id, user_id, kind, lead_id, count)
  select new.tenant_id, app.new_id(), new.requested_by,
         case new.state when 'done' then 'questions_ready' else 'questions_failed' end, l.id, new.done
    from crm.leads l where l.tenant_id = new.tenant_id and l.id = new.subject_id;
  return null;
end $$;

-- One that only places questions among the others has the lead beside it, and nobody waits for it.
create or replace trigger tell_of_questions after update of state on crm.jobs
  for each row when (new.kind = 'questions' and not new.params ? 'lead' and old.state <> new.state and new.state in ('done', 'failed'))
  execute function app.tell_of_questions();
