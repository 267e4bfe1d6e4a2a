-- for: owner
-- A flag as its history writes it.
create or replace function app.yes_no(p_at timestamptz) returns text
  language sql immutable parallel safe
  return case when p_at is null then 'no' else 'yes' end;
