-- for: worker
-- The point of no return, durable before the last byte leaves. Raises CF409 unless this worker still holds the lease,
-- and where the lead was suppressed, or somebody the mail is for was put on the list, while the mail server was being
-- talked to. The locks put such a stop at this moment before or after the mark.
create or replace function app.mark_committing(p_id uuid, p_token bigint) returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform from crm.deliveries x
     join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
     join crm.leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
    where x.tenant_id = app.tenant() and x.id = p_id
      for share of l;
  if exists (
      select from crm.deliveries x
        join crm.drafts d on d.tenant_id = x.tenant_id and d.id = x.draft_id
        join crm.leads l on l.tenant_id = d.tenant_id and l.id = d.lead_id
       where x.tenant_id = app.tenant() and x.id = p_id and (l.suppressed_at is not null or l.deleted_at is not null)) then
    raise exception 'the lead may not be written to' using errcode = 'CF409', constraint = 'deliveries_suppressed';
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended(r.tenant_id || r.address, 14))
     from crm.deliveries x
     join crm.draft_recipients r on r.tenant_id = x.tenant_id and r.draft_id = x.draft_id
    where x.tenant_id = app.tenant() and x.id = p_id
    order by r.address;
  if exists (
      select from crm.deliveries x
        join crm.draft_recipients r on r.tenant_id = x.tenant_id and r.draft_id = x.draft_id
       where x.tenant_id = app.tenant() and x.id = p_id and app.is_on_dnc_list(r.tenant_id, r.address)) then
    raise exception 'a recipient may not be written to' using errcode = 'CF409', constraint = 'deliveries_dnc';
  end if;
  update crm.deliveries set state = 'committing'
   where tenant_id = app.tenant() and id = p_id and lease_token = p_token and state = 'leased'
     and lease_until > clock_timestamp();
  if not found then
    raise exception 'the lease is gone' using errcode = 'CF409', constraint = 'deliveries_lease';
  end if;
  perform sec.log_attempt(app.tenant(), p_id, p_token, 'committing', null);
end $$;
