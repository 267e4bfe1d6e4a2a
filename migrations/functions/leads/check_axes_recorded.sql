-- for: owner
-- An axis never changes without its history row and an event: checked when the transaction commits.
create or replace function app.check_axes_recorded() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  missing text;
begin
  select string_agg(axis, ', ') into missing from (values
    ('outcome', new.outcome <> old.outcome and not exists (
      select from crm.lead_outcome_history h
       where h.tenant_id = new.tenant_id and h.lead_id = new.id and h.txid = pg_current_xact_id()
         and h.from_outcome = old.outcome and h.to_outcome = new.outcome)),
    ('contact_status', new.contact_status <> old.contact_status and not app.is_status_recorded(
      new.tenant_id, new.id, 'contact_status', old.contact_status, new.contact_status)),
    ('paused', (new.paused_at is null) <> (old.paused_at is null) and not app.is_status_recorded(
      new.tenant_id, new.id, 'paused', app.yes_no(old.paused_at), app.yes_no(new.paused_at))),
    ('suppressed', (new.suppressed_at is null) <> (old.suppressed_at is null) and not app.is_status_recorded(
      new.tenant_id, new.id, 'suppressed', app.yes_no(old.suppressed_at), app.yes_no(new.suppressed_at))),
    ('event', not exists (
      select from crm.outbox_events e
       where e.tenant_id = new.tenant_id and e.aggregate_type = 'lead' and e.aggregate_id = new.id
         and e.txid = pg_current_xact_id()))
  ) as axes (axis, is_missing) where is_missing;
  if missing is not null then
    raise exception 'lead % changed without a record of: %', new.id, missing
      using errcode = 'CF003', constraint = 'leads_axes_recorded';
  end if;
  return null;
end $$;

create constraint trigger axes_recorded
  after update of outcome, contact_status, paused_at, suppressed_at, tags, archived_at, deleted_at, is_test on crm.leads
  deferrable initially deferred for each row
  when ((old.outcome, old.contact_status, old.paused_at, old.suppressed_at, old.tags, old.archived_at,
         old.deleted_at, old.is_test)
        is distinct from
        (new.outcome, new.contact_status, new.paused_at, new.suppressed_at, new.tags, new.archived_at,
         new.deleted_at, new.is_test))
  execute function app.check_axes_recorded();
