-- for: worker
-- Housekeeping, asked for hourly by the worker: what has expired.
create or replace function app.forget_expired() returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from sec.sessions where expires_at < now() - interval '1 day';
    delete from sec.known_browsers where seen_at < now() - interval '180 days';
    delete from sec.login_throttles where updated_at < now() - interval '1 day';
    delete from crm.idempotency_keys where created_at < now() - interval '2 days';
  end;
