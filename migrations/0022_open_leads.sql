-- migrate:up transaction:false
-- A list shows open leads unless it is asked for others: the newest of them are found, and counted, in this index alone.
create index concurrently if not exists leads_open_idx on crm.leads (tenant_id, id desc)
  where outcome = 'open' and archived_at is null and deleted_at is null;

-- migrate:down transaction:false
drop index concurrently if exists crm.leads_open_idx;
