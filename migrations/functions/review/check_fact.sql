-- for: owner
-- A fact about a draft is told when it is true, at the latest when the transaction commits.
create or replace function app.check_fact() returns trigger
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
      select from crm.drafts d
       where d.tenant_id = new.tenant_id and d.id = (new.payload ->> 'draft')::uuid and d.lead_id = new.aggregate_id
         and d.status = any (case new.type when 'DraftApproved' then array['approved', 'sent']
                                           when 'DraftRejected' then array['rejected']
                                           else array['sent'] end)) then
    raise exception '% is not true', new.type using errcode = 'CF003', constraint = 'outbox_events_true';
  end if;
  return null;
end $$;

create constraint trigger true_at_commit after insert on crm.outbox_events
  deferrable initially deferred for each row
  when (new.type in ('DraftApproved', 'DraftRejected', 'DraftSent')) execute function app.check_fact();
