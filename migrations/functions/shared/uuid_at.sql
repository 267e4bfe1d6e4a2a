-- for: owner
-- A UUIDv7 of the n-th place behind a millisecond: rows that are written together keep their order.
create or replace function app.uuid_at(p_ms bigint, p_n bigint) returns uuid
  language sql volatile parallel safe
  return (lpad(to_hex(p_ms + p_n / 4096), 12, '0') || '7' || lpad(to_hex(p_n % 4096), 3, '0')
          || substr(replace(gen_random_uuid()::text, '-', ''), 17, 16))::uuid;
