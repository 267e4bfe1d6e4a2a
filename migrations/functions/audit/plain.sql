-- for: web
-- A field's value as people read it, and as the audit log writes it: a list is its words.
create or replace function app.plain(p_value jsonb) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  begin atomic
    select case jsonb_typeof(p_value)
      when 'array' then (select coalesce(string_agg(w, ' ' order by n), '')
                           from jsonb_array_elements_text(p_value) with ordinality t (w, n))
      else p_value #>> '{}' end;
  end;
