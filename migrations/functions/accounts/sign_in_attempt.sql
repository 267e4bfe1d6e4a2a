-- for: sign_in
-- One attempt to sign in: the seconds to wait, or the hash to compare with (null for unknown or disabled people,
-- who then cost the caller the same work). Three counters: this account from this address, this address, this
-- account. The last is capped low, so that a stranger's guessing slows the owner down by seconds and never locks
-- them out; and what is refused for its address does not count against the account, or a stranger who keeps knocking
-- from one place could keep its owner out. A browser from which this person signed in before has a counter of its
-- own and none of those three: whatever strangers do, its owner's right password is looked at (OWASP, "device
-- cookies").
create or replace function app.sign_in_attempt(p_email text, p_address text, p_browser bytea)
  returns table (wait_seconds int, user_id uuid, password_hash text, is_known boolean)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
  is_known := exists (
    select from sec.known_browsers b join sec.users u on u.id = b.user_id
     where b.digest = p_browser and u.email = p_email);
  if is_known then
    wait_seconds := sec.throttle('browser:' || p_email || ':' || encode(p_browser, 'hex'), 5, '15 minutes');
  else
    -- While the account is blocked its owner's own tries are not held against them.
    select ceil(extract(epoch from t.blocked_until - now())) into wait_seconds
      from sec.login_throttles t where t.key = 'account:' || p_email and t.blocked_until > now();
    if found then return next; return; end if;
    wait_seconds := sec.throttle('pair:' || p_email || ':' || p_address, 5, interval '15 minutes');
    if wait_seconds = 0 then
      wait_seconds := sec.throttle('address:' || p_address, 30, interval '15 minutes');
    end if;
    if wait_seconds = 0 then
      wait_seconds := sec.throttle('account:' || p_email, 50, interval '8 seconds');
    end if;
  end if;
  if wait_seconds = 0 then
    select u.id, u.password_hash into user_id, password_hash
      from sec.users u
     where u.email = p_email and u.disabled_at is null
       and exists (select from crm.memberships m where m.user_id = u.id and m.disabled_at is null);
  end if;
  return next;
end $$;

-- for: sign_in
-- For programs of the release before, which know no browsers.
create or replace function app.sign_in_attempt(p_email text, p_address text)
  returns table (wait_seconds int, user_id uuid, password_hash text)
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select a.wait_seconds, a.user_id, a.password_hash from app.sign_in_attempt(p_email, p_address, null) a;
  end;
