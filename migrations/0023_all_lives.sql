-- migrate:up transaction:false
-- Won and lost leads beside open ones are found by the primary key.
drop index concurrently if exists crm.leads_live_idx;

-- migrate:down transaction:false
create index concurrently if not exists leads_live_idx on crm.leads (tenant_id, id desc)
  where archived_at is null and deleted_at is null;
