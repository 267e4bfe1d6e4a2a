-- for: owner
-- Who asked is whoever acts; and what a job is about is there, in the same tenant.
create or replace function app.keep_job() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  is_there boolean;
begin
  new.requested_by := app.actor();
  is_there := case
    when new.kind = 'import' then exists (
      select from crm.lead_imports i where i.tenant_id = new.tenant_id and i.id = new.subject_id)
    when new.params ? 'lead' then exists (
      select from crm.discovery_questions q where q.tenant_id = new.tenant_id and q.id = new.subject_id)
    else exists (select from crm.leads l where l.tenant_id = new.tenant_id and l.id = new.subject_id) end;
  if not is_there then
    raise exception 'a job about nothing that is there' using errcode = 'foreign_key_violation', constraint = 'jobs_subject';
  end if;
  return new;
end $$;

create or replace trigger keep before insert on crm.jobs for each row execute function app.keep_job();
