-- for: owner
-- Nothing is written or handed over for a lead that is deleted or went into another.
create or replace function app.keep_draft_alive() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from crm.leads l where l.tenant_id = new.tenant_id and l.id = new.lead_id and l.deleted_at is not null) then
    raise exception 'the lead is deleted' using errcode = 'CF409', constraint = 'drafts_lead_alive';
  end if;
  return new;
end $$;

create or replace trigger keep_alive before insert on crm.drafts for each row execute function app.keep_draft_alive();

create or replace trigger keep_alive_on_submission before update of status on crm.drafts
  for each row when (new.status = 'under_review' and old.status = 'draft') execute function app.keep_draft_alive();
