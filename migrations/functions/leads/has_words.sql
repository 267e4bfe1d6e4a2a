-- for: owner
-- The predicate that a text has all the words, anywhere; or a number, however it is written, where they look
-- like one. Null without words.
create or replace function sec.has_words(p_column text, p_words text) returns text
  language plpgsql immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  words constant text := app.fold(p_words);
  -- The zero in brackets is dialled at home only: it is not in the number as it is kept.
  digits constant text := ltrim(regexp_replace(regexp_replace(words, '\( *0+ *\)', ''), '[^0-9]', '', 'g'), '0');
  pieces text[] := '{}';
  word text;
begin
  if length(digits) >= 5 and words ~ '^[-+0-9 ./()]+$' then
    return format('%s like %L', p_column, '%' || digits || '%');
  end if;
  foreach word in array coalesce((string_to_array(btrim(words), ' '))[1:8], '{}') loop
    pieces := pieces || format('%s like %L', p_column,
      '%' || replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_') || '%');
  end loop;
  return nullif(array_to_string(pieces, ' and '), '');
end $$;
