-- for: owner
-- Such fields in short, as a row remembers what its dry run saw.
create or replace function sec.import_hash(p_fields jsonb) returns bigint
  language sql immutable parallel safe
  return jsonb_hash_extended(p_fields, 0);
