-- for: sign_in
-- One attempt to sign in: the seconds to wait, or the hash to compare with (null for unknown or disabled people,
-- who then cost the caller the same work). Three counters: this account from this address, this address, this
-- account. The last is capped low, so that a stranger's guessing slows the owner down by seconds and never locks
-- them out; and what is refused for its address does not count against the account, or a stranger who keeps knocking
-- from one place could keep its owner out.
create or replace function app.sign_in_attempt(p_email text, p_address text)
  returns table (wait_seconds int, user_id uuid, password_hash text)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
begin
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
  if wait_seconds = 0 then
    select u.id, u.password_hash into user_id, password_hash
      from sec.users u
     where u.email = p_email and u.disabled_at is null
       and exists (select from crm.memberships m where m.user_id = u.id and m.disabled_at is null);
  end if;
  return next;
end $$;
