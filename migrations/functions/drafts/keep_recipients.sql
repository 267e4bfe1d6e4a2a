-- for: owner
-- Recipients are part of the text: they move only while it is on the desk.
create or replace function app.keep_recipients() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  target constant crm.draft_recipients := case tg_op when 'DELETE' then old else new end;
  draft_status text;
begin
  select d.status into draft_status from crm.drafts d
   where d.tenant_id = target.tenant_id and d.id = target.draft_id for update;
  if draft_status is distinct from 'draft' then
    raise exception 'a draft that left the desk is frozen' using errcode = 'CF004', constraint = 'drafts_frozen';
  end if;
  if tg_op = 'INSERT' and not exists (
      select from crm.lead_contacts lc join crm.drafts d on d.tenant_id = lc.tenant_id and d.lead_id = lc.lead_id
       where d.tenant_id = new.tenant_id and d.id = new.draft_id and lc.contact_id = new.contact_id) then
    raise exception 'recipients are contacts of the lead' using errcode = 'CF004', constraint = 'draft_recipients_known';
  end if;
  -- Who chooses the recipients has edited the draft.
  update crm.drafts d set last_editor_id = app.actor()
   where d.tenant_id = target.tenant_id and d.id = target.draft_id and d.last_editor_id <> app.actor();
  return target;
end $$;

create or replace trigger keep before insert or update or delete on crm.draft_recipients
  for each row execute function app.keep_recipients();
