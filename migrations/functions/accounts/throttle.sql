-- for: owner
-- Counts one attempt under a key. Returns the seconds to wait, 0 when the attempt may go on. After
-- p_free attempts the wait doubles up to p_cap; an hour without attempts forgets them.
create or replace function sec.throttle(p_key text, p_free int, p_cap interval) returns int
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  seen sec.login_throttles;
begin
  insert into sec.login_throttles as t (key, attempts) values (p_key, 0)
    on conflict (key) do update set attempts = t.attempts  -- locks the row
    returning * into seen;
  if seen.blocked_until > now() then
    return ceil(extract(epoch from seen.blocked_until - now()));
  end if;
  if seen.updated_at < now() - interval '1 hour' then seen.attempts := 0; end if;
  update sec.login_throttles
     set attempts = seen.attempts + 1, updated_at = now(),
         blocked_until = case when seen.attempts + 1 >= p_free
           then now() + least(p_cap, interval '1 second' * 2 ^ least(seen.attempts + 1 - p_free, 12))
           else '-infinity' end
   where key = p_key;
  return 0;
end $$;
