-- migrate:up
-- Schemas, the forms of addresses and numbers, and the three functions by which something is stored.

-- Functions are callable by nobody until granted.
alter default privileges revoke execute on functions from public;

create schema crm;   -- tenant-owned tables
create schema app;   -- functions and fixed tables the login roles use
create schema sec;   -- people, sessions, throttles: no grants, reached through functions only
grant usage on schema crm, app to closerflow_web, closerflow_worker;
grant usage on schema app to closerflow_sign_in;

-- The rules for an address, in one place: stored lower-case, at most 254 bytes (RFC 5321).
create domain app.email as text
  check (value = lower(value) and octet_length(value) <= 254
         and value ~ '^[a-z0-9.!#$%&''*+/=?^_`{|}~-]+@[a-z0-9](-?[a-z0-9])*([.][a-z0-9](-?[a-z0-9])*)+$')
  constraint email_dots
  check (value !~ '^[.]|[.][.]|[.]@' and length(split_part(value, '@', 1)) <= 64);

-- E.164.
create domain app.phone as text check (value ~ '^\+[1-9][0-9]{6,14}$');

-- The three functions by which something is stored: in columns, indexes and checks.

-- What is compared when people search and sort: case and accents aside. Called for each lead several times: without a
-- setting and without STRICT it becomes part of the expressions it stands in.
-- lint:allow function: columns and indexes of contacts and leads are stored by it
create function app.fold(p_text text) returns text
  language sql immutable parallel safe
  return case when octet_length(p_text) = length(p_text) then lower(p_text)
    else regexp_replace(lower(normalize(p_text, NFKD)), '[' || chr(768) || '-' || chr(879) || ']', '', 'g') end;
grant execute on function app.fold(text) to closerflow_web, closerflow_worker;

-- Two spellings of one name: case and spaces aside.
-- lint:allow function: clients.name_key is stored by it
create function app.name_key(p_text text) returns text
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  return btrim(regexp_replace(lower(normalize(p_text, NFKC)), '\s+', ' ', 'g'));
grant execute on function app.name_key(text) to closerflow_web, closerflow_worker;

-- Lower-case words of any script joined by - or _: at most 20, each once. As a query it would cost each new lead
-- twice what its row does.
-- lint:allow function: checks of leads and of an import's rows are stored by it
create function app.are_tags(tags text[]) returns boolean
  language plpgsql immutable parallel safe
as $$
declare
  tag text;
  seen text[] := '{}';
begin
  if cardinality(tags) > 20 or array_ndims(tags) > 1 then return false; end if;
  foreach tag in array coalesce(tags, '{}') loop
    if tag is null or length(tag) > 40 or tag <> lower(tag) or tag !~ '^[[:alnum:]]+([_-][[:alnum:]]+)*$'
       or tag = any (seen) then
      return false;
    end if;
    seen := seen || tag;
  end loop;
  return true;
end $$;
grant execute on function app.are_tags(text[]) to closerflow_web, closerflow_worker;

-- migrate:down
drop schema sec cascade;
drop schema crm cascade;
drop schema app cascade;
alter default privileges grant execute on functions to public;
