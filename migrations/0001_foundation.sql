-- migrate:up
-- Schemas, the forms of addresses and numbers, and the three functions by which something is stored.

-- Functions are callable by nobody until granted.
alter default privileges revoke execute on functions from public;

create schema crm;   -- tenant-owned tables
create schema app;   -- functions and fixed tables the login roles use
create schema sec;   -- people, sessions, throttles: no grants, reached through functions only
grant usage on schema crm, app to closerflow_web, closerflow_worker;
grant usage on schema app to closerflow_sign_in;

-- An address, as CRM/Shared/EmailAddress.swift writes it (RFC 5321): in lower case, dot-atoms of at most 64 bytes, a host
-- name in ASCII with at least one dot and labels of at most 63; 254 bytes at most. One table of cases holds both equal.
create domain app.email as text
  check (octet_length(value) <= 254 and strpos(value, '@') <= 65
         and value ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+([.][a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?[.])+[a-z0-9]([a-z0-9-]*[a-z0-9])?$'
         and value !~ '[@.][^@.]{64}');

-- E.164.
create domain app.phone as text check (value ~ '^\+[1-9][0-9]{6,14}$');

-- The three functions by which something is stored: in columns, indexes and checks.

-- What is compared when people search and sort: case and accents aside, and letters that have no plain one beneath them
-- taken for those that are typed in their place; as Text/Spelling.swift does it. Called for each lead several times: without a
-- setting and without STRICT it becomes part of the expressions it stands in.
-- lint:allow function: columns and indexes of contacts and leads are stored by it
create function app.fold(p_text text) returns text
  language sql immutable parallel safe
  return case when octet_length(p_text) = length(p_text) then lower(p_text collate pg_catalog.pg_c_utf8)
    else translate(replace(replace(replace(replace(
      regexp_replace(lower(normalize(p_text, NFKD) collate pg_catalog.pg_c_utf8),
                     '[' || chr(768) || '-' || chr(879) || chr(1611) || '-' || chr(1621) || chr(1648) || ']', '', 'g'),
      'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'łøđðħıŧŋς', 'loddhitnσ') end;
grant execute on function app.fold(text) to closerflow_web, closerflow_worker;

-- Two spellings of one name: case and spaces aside.
-- lint:allow function: clients.name_key is stored by it
create function app.name_key(p_text text) returns text
  language sql immutable strict parallel safe
  set search_path = pg_catalog, pg_temp
  return btrim(regexp_replace(translate(replace(lower(normalize(p_text, NFKC) collate pg_catalog.pg_c_utf8), 'ß', 'ss'), 'ς', 'σ'),
                              '\s+', ' ', 'g'));
grant execute on function app.name_key(text) to closerflow_web, closerflow_worker;

-- Lower-case words of any script joined by - or _, in the one spelling of their characters: at most 20, each once, case
-- and accents aside; as CRM/Leads/Tags.swift writes them. As a query it would cost each new lead twice what its row does.
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
    if tag is null or length(tag) > 40 or tag <> lower(tag collate pg_catalog.pg_c_utf8)
       or tag collate pg_catalog.pg_c_utf8 !~ '^[[:alnum:]]+([_-][[:alnum:]]+)*$'
       or octet_length(tag) <> length(tag) and tag is not nfkc normalized
       or app.fold(tag) = any (seen) then
      return false;
    end if;
    seen := seen || app.fold(tag);
  end loop;
  return true;
end $$;
grant execute on function app.are_tags(text[]) to closerflow_web, closerflow_worker;

-- migrate:down
drop schema sec cascade;
drop schema crm cascade;
drop schema app cascade;
alter default privileges grant execute on functions to public;
