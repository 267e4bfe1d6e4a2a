-- for: web, worker
-- A UUIDv7 (RFC 9562) made here, where a set of rows is: it sorts by time, as those of the program do.
create or replace function app.new_id() returns uuid
  language sql volatile parallel safe
  set search_path = pg_catalog, pg_temp
  return encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
    placing substring(int8send(floor(extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
    52, 1), 53, 1), 'hex')::uuid;
