-- for: web
-- Signs out.
create or replace function app.close_session(p_token_hash bytea) returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    delete from sec.sessions where token_hash = p_token_hash;
  end;
