-- for: web, worker
-- Which request this is; for the audit log only, nothing is decided by it.
create or replace function app.request_id() returns text
  language sql stable parallel safe
  return nullif(pg_catalog.current_setting('app.request', true), '');
