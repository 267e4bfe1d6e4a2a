-- for: sign_in
-- Opens a session after the password was found right; keeps the five newest of the person, and remembers the
-- browser, ten of a person.
create or replace function app.open_session(
    p_user uuid, p_token_hash bytea, p_email text, p_address text, p_user_agent text,
    p_audit_id uuid, p_new_hash text, p_browser bytea)
  returns void
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  home uuid;
begin
  select m.tenant_id into strict home
    from crm.memberships m
   where m.user_id = p_user and m.disabled_at is null
   order by m.created_at limit 1;
  insert into sec.sessions (token_hash, user_id, tenant_id, address, user_agent, idle_expires_at, expires_at)
  values (p_token_hash, p_user, home, p_address, left(p_user_agent, 300),
          now() + interval '2 hours', now() + interval '12 hours');
  delete from sec.sessions s where s.user_id = p_user and s.token_hash not in (
    select k.token_hash from sec.sessions k where k.user_id = p_user
     order by k.created_at desc, k.token_hash limit 5);
  update sec.users
     set last_login_at = now(), password_hash = coalesce(p_new_hash, password_hash)
   where id = p_user;
  -- What succeeded was no guess: an office behind one address may sign in as often as it likes.
  delete from sec.login_throttles where key in (
    'pair:' || p_email || ':' || p_address, 'account:' || p_email, 'browser:' || p_email || ':' || encode(p_browser, 'hex'));
  update sec.login_throttles set attempts = greatest(0, attempts - 1), blocked_until = '-infinity'
   where key = 'address:' || p_address;
  if p_browser is not null then
    insert into sec.known_browsers (digest, user_id) values (p_browser, p_user)
      on conflict (digest, user_id) do update set seen_at = now();
    delete from sec.known_browsers b where b.user_id = p_user and b.digest not in (
      select k.digest from sec.known_browsers k where k.user_id = p_user
       order by k.seen_at desc, k.digest limit 10);
  end if;
  insert into crm.audit_log (tenant_id, id, actor_id, actor_kind, action, subject_type, subject_id)
  values (home, p_audit_id, p_user, 'member', 'signed_in', 'user', p_user);
end $$;

-- for: sign_in
-- For programs of the release before, which know no browsers.
create or replace function app.open_session(
    p_user uuid, p_token_hash bytea, p_email text, p_address text, p_user_agent text,
    p_audit_id uuid, p_new_hash text)
  returns void
  language sql security definer
  set search_path = pg_catalog, pg_temp
  begin atomic
    select app.open_session(
      p_user, p_token_hash, p_email, p_address, p_user_agent, p_audit_id, p_new_hash, null);
  end;
