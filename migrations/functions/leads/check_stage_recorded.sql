-- for: owner
-- A stage is never without its history row and its event: checked when the transaction commits.
create or replace function app.check_stage_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  step crm.lead_stage_history;
begin
  select * into step from crm.lead_stage_history h
   where h.tenant_id = new.tenant_id and h.lead_id = new.id and h.txid = pg_current_xact_id()
     and h.to_stage = new.stage
     and h.from_stage is not distinct from case tg_op when 'UPDATE' then old.stage end
   limit 1;
  if not found then
    raise exception 'stage of lead % changed without its history', new.id
      using errcode = 'CF003', constraint = 'leads_stage_recorded';
  end if;
  if not app.told_now(new.tenant_id, case tg_op when 'INSERT' then 'LeadCreated' else 'StageChanged' end,
                      case tg_op when 'INSERT' then new.id else step.id end::text) then
    raise exception 'stage of lead % changed without its event', new.id
      using errcode = 'CF003', constraint = 'leads_stage_told';
  end if;
  return null;
end $$;

create constraint trigger stage_recorded after update of stage on crm.leads
  deferrable initially deferred for each row when (old.stage <> new.stage)
  execute function app.check_stage_recorded();

create constraint trigger stage_recorded_on_insert after insert on crm.leads
  deferrable initially deferred for each row
  when (not (session_user = 'closerflow_worker' and current_user = 'closerflow_owner'
             and current_setting('app.copies', true) is not distinct from 'written'))
  execute function app.check_stage_recorded();
