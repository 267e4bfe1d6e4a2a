-- for: owner
-- Leads that are like what was searched for, the most similar first: those that have all the words but one as they
-- were typed and something like that one, else those that have any, else what is like the longest. A word that one of
-- the newest leads has is no slip; where none is, all but one of them will do. (What is like all of them together
-- takes ten times as long to find.) Who types a number means that one.
create or replace function sec.similar_leads(p_tenant uuid, p_actor uuid, p_filter jsonb, p_limit int) returns uuid[]
  language plpgsql stable
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
as $$
declare
  typed constant text := app.fold(p_filter ->> 'q');
  words constant text[] := array(
    select w.word from unnest(string_to_array(typed, ' ')) with ordinality w (word, place)
     where w.word <> '' order by length(w.word) desc, w.place limit 4);
  conditions constant text := concat_ws(' and ', sec.lead_conditions(p_tenant, p_actor, p_filter),
                                        sec.lead_contents(jsonb_build_object('tag', p_filter ->> 'tag')));
  known boolean[];
  others text[];
  chances text[] := '{}';
  chance text;
  ids uuid[];
begin
  -- A number that nobody has is like none.
  if p_tenant is null or typed is null or typed !~ '[[:alpha:]]' then return '{}'; end if;
  if cardinality(words) > 1 then
    execute format(
      'select array[%s] from (select l.search from crm.leads l where l.tenant_id = %L::uuid
         and l.archived_at is null and l.deleted_at is null order by l.id desc limit 1000) l',
      (select string_agg(format('coalesce(bool_or(%s), false)', sec.has_words('l.search', w.word)), ', ' order by w.place)
         from unnest(words) with ordinality w (word, place)), p_tenant) into known;
    for place in 1 .. cardinality(words) loop
      others := words[:place - 1] || words[place + 1:];
      if not known[place] then
        chances := chances || format('%s and %L <%% l.search', sec.has_words('l.search', array_to_string(others, ' ')), words[place]);
      end if;
    end loop;
    if cardinality(chances) = 0 and cardinality(words) > 2 then
      chances := array[(select '(' || string_agg(
          '(' || sec.has_words('l.search', array_to_string(words[:w.place - 1] || words[w.place + 1:], ' ')) || ')', ' or ') || ')'
        from unnest(words) with ordinality w (word, place))];
    end if;
    chances := chances || (select '(' || string_agg(sec.has_words('l.search', w), ' or ') || ')' from unnest(words) w);
  end if;
  foreach chance in array chances || format('%L <%% l.search', words[1]) loop
    execute format(
      -- What every lead has makes all of them similar: among the first is enough.
      'select array(select c.id from (select l.id, l.search from crm.leads l where %s limit 150) c
        order by word_similarity(%L, c.search) desc, c.id desc limit %s)', conditions || ' and ' || chance, typed, p_limit)
      into ids;
    exit when cardinality(ids) > 0;
  end loop;
  return ids;
end $$;
