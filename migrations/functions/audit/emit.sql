-- for: web, worker
-- Records a fact. The aggregate's counter row is locked, so numbers are in commit order without a
-- gap. The same key with the same payload changes nothing; with another payload it is an error.
create or replace function app.emit(
    p_id uuid, p_type text, p_version int, p_aggregate_type text, p_aggregate_id uuid,
    p_subject text, p_payload jsonb)
  returns uuid
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  fact_key constant text := this_tenant || ':' || p_type || '.v' || p_version || ':' || p_subject;
  told crm.outbox_events;
  next_seq bigint;
begin
  -- The aggregate's row is locked first: parallel tellers of the same fact queue up here.
  if p_aggregate_type = 'lead' then
    select l.event_seq + 1 into strict next_seq from crm.leads l
     where l.tenant_id = this_tenant and l.id = p_aggregate_id for update;
  else
    select t.event_seq + 1 into strict next_seq from crm.tenants t
     where t.id = this_tenant and t.id = p_aggregate_id for update;
  end if;
  select * into told from crm.outbox_events e where e.tenant_id = this_tenant and e.dedupe_key = fact_key;
  if not found then
    insert into crm.outbox_events
      (tenant_id, id, aggregate_type, aggregate_id, aggregate_seq, type, version, payload, dedupe_key)
    values (this_tenant, p_id, p_aggregate_type, p_aggregate_id, next_seq, p_type, p_version, p_payload, fact_key);
    if p_aggregate_type = 'lead' then
      update crm.leads set event_seq = next_seq where tenant_id = this_tenant and id = p_aggregate_id;
    else
      update crm.tenants set event_seq = next_seq where id = this_tenant;
    end if;
    return p_id;
  end if;
  if told.payload <> p_payload or told.aggregate_id <> p_aggregate_id then
    raise exception 'event % was told before with another payload', fact_key using errcode = 'CF002';
  end if;
  return told.id;
end $$;
