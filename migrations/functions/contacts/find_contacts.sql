-- for: web
-- People whose name, address or number has all these words, or, where nobody's has, similar ones. Like
-- app.find_leads this steps outside row security and names the tenant.
create or replace function app.find_contacts(p_words text, p_limit int) returns table (id uuid)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set pg_trgm.word_similarity_threshold = 0.4
  set enable_seqscan = off
  rows 50
as $$
declare
  condition constant text := sec.has_words('c.search', p_words);
  words constant text := app.fold(p_words);
begin
  if app.tenant() is null or condition is null then return; end if;
  return query execute format(
    'select c.id from crm.contacts c where c.tenant_id = %L and c.deleted_at is null and %s limit %s',
    app.tenant(), condition, least(p_limit, 101));
  -- A number that nobody has is like none.
  if not found and words ~ '[[:alpha:]]' then
    return query execute format(
      'select c.id from (select c.id, c.search from crm.contacts c
                          where c.tenant_id = %L and c.deleted_at is null and %L <%% c.search limit 300) c
        order by word_similarity(%2$L, c.search) desc, c.id desc limit %s', app.tenant(), words, least(p_limit, 101));
  end if;
end $$;
