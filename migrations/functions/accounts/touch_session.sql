-- for: web
-- Keeps a session in use alive; called at most once a minute. One that ended by itself stays ended.
create or replace function app.touch_session(p_token_hash bytea) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    update sec.sessions
       set touched_at = now(), idle_expires_at = least(expires_at, now() + interval '2 hours')
     where token_hash = p_token_hash and idle_expires_at > now() and expires_at > now();
  end;
