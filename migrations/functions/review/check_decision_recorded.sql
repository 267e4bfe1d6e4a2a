-- for: owner
-- Approval, status, event, delivery, activity and audit commit together or not at all.
create or replace function app.check_decision_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  wanted constant text := case new.decision when 'approved' then 'approved' when 'rejected' then 'rejected' else 'draft' end;
  missing text;
begin
  select case
    when d.status <> wanted then 'status'
    when new.decision = 'approved' and d.approval_id is distinct from new.id then 'approval'
    when not app.told_now(new.tenant_id,
           case new.decision when 'approved' then 'DraftApproved' when 'rejected' then 'DraftRejected' else 'ChangesRequested' end,
           case new.decision when 'changes_requested' then new.id else new.draft_id end::text) then 'event'
    when new.decision = 'approved' and d.type = 'followup_email' and not exists (
           select from crm.deliveries x where x.tenant_id = new.tenant_id and x.approval_id = new.id) then 'delivery'
    when not exists (select from crm.activities a where a.tenant_id = new.tenant_id and a.draft_id = new.draft_id
                       and a.txid = new.txid) then 'activity'
    when not exists (select from crm.audit_log l where l.tenant_id = new.tenant_id and l.subject_id = new.draft_id
                       and l.txid = new.txid) then 'audit'
    end into missing
    from crm.drafts d where d.tenant_id = new.tenant_id and d.id = new.draft_id;
  if missing is not null then
    raise exception 'a decision without its %', missing using errcode = 'CF003', constraint = 'approvals_recorded';
  end if;
  return null;
end $$;

create constraint trigger recorded after insert on crm.approvals
  deferrable initially deferred for each row execute function app.check_decision_recorded();
