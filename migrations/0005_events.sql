-- migrate:up
-- The outbox's facts: what happened, once, in order, for ever. Creates only.

create table crm.outbox_events (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  aggregate_type text not null check (aggregate_type in ('tenant', 'lead')),
  aggregate_id uuid not null,
  aggregate_seq bigint not null check (aggregate_seq > 0),
  type text not null check (type ~ '^[A-Z][A-Za-z]+$'),
  version smallint not null default 1 check (version > 0),
  -- Ids and hashes, never message text: personal data stays where it can be erased.
  payload jsonb not null,
  -- tenant:Type.vN:subject…; the same fact told twice is one row.
  dedupe_key text not null,
  occurred_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint outbox_events_dedupe_key unique (tenant_id, dedupe_key),
  constraint outbox_events_order_key unique (tenant_id, aggregate_type, aggregate_id, aggregate_seq),
  constraint outbox_events_dedupe_prefix check (starts_with(dedupe_key, tenant_id::text || ':'))
);
call app.fence('crm.outbox_events');
call app.make_append_only('crm.outbox_events');
grant select on crm.outbox_events to closerflow_web, closerflow_worker;

-- Records a fact. The aggregate's counter row is locked, so numbers are in commit order without a
-- gap. The same key with the same payload changes nothing; with another payload it is an error.
create function app.emit(
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
grant execute on function app.emit(uuid, text, int, text, uuid, text, jsonb)
  to closerflow_web, closerflow_worker;

-- True when this transaction has recorded such an event: what the deferred checks ask.
create function app.told_now(p_tenant uuid, p_type text, p_key_suffix text) returns boolean
  language sql stable security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select exists (select from crm.outbox_events e
                    where e.tenant_id = p_tenant
                      and e.dedupe_key = p_tenant || ':' || p_type || '.v1:' || p_key_suffix
                      and e.txid = pg_current_xact_id());
  end;

-- migrate:down
drop function app.told_now(uuid, text, text);
drop function app.emit(uuid, text, int, text, uuid, text, jsonb);
drop table crm.outbox_events;
