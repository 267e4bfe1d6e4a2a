-- for: owner
-- Whether the file itself has something in that column of a row.
create or replace function sec.import_says(p_import crm.lead_imports, p_row crm.lead_import_rows, p_field text) returns boolean
  language sql immutable parallel safe
  return coalesce(p_row.raw[array_position(p_import.mapping, p_field)] ~ '[^[:space:]]', false);
