-- for: web
-- A text in bytes behind their number: what such pieces are joined to can be taken apart in one way only.
create or replace function app.netstring(p_text text) returns bytea
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  return convert_to(octet_length(convert_to(p_text, 'UTF8')) || ':' || p_text || ',', 'UTF8');
