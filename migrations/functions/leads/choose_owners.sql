-- for: web, worker
-- Whom new leads of these sources go to when nobody was named, in their order: by the tenant's strategy,
-- among its members that it lists and that are still there. No row where it is done by hand, or nobody is
-- left. Waits for others choosing at this moment, so that turns are turns.
create or replace function app.choose_owners(p_sources text[]) returns table (n int, user_id uuid, strategy text, reason text)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  setting jsonb;
  members uuid[];
  loads bigint[];
  turn int;
  place int;
begin
  select s.value into setting from crm.tenant_settings s where s.tenant_id = this_tenant and s.key = 'assignment';
  if setting is null or setting ->> 'strategy' = 'manual' then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('assignment:' || this_tenant, 0));
  select array_agg(m.user_id order by m.user_id) into members from crm.memberships m
   where m.tenant_id = this_tenant and m.disabled_at is null
     and m.user_id::text in (select jsonb_array_elements_text(setting -> 'members'));
  if setting ->> 'strategy' = 'least_loaded' then
    select array_agg((select count(*) from crm.leads l
                       where l.tenant_id = this_tenant and l.owner_id = m.id and l.outcome = 'open'
                         and not l.is_test and l.archived_at is null and l.deleted_at is null) order by m.place) into loads
      from unnest(members) with ordinality m (id, place);
  else
    -- Behind whoever had the last turn.
    select count(*) into turn from unnest(members) m
     where m <= (select a.to_user from crm.lead_assignments a
                  where a.tenant_id = this_tenant and a.strategy = 'round_robin' order by a.id desc limit 1);
  end if;

  for place_in_order in 1 .. coalesce(cardinality(p_sources), 0) loop
    n := place_in_order;
    user_id := null;
    reason := null;
    if setting ->> 'strategy' = 'by_source' then
      strategy := 'by_source';
      reason := p_sources[n];
      select m.user_id into user_id from crm.memberships m
       where m.tenant_id = this_tenant and m.disabled_at is null
         and m.user_id = (select s.value::uuid from jsonb_each_text(setting -> 'sources') s
                           where app.fold(s.key) = app.fold(p_sources[n]) order by s.key limit 1);
    end if;
    if user_id is null and members is not null then
      if setting ->> 'strategy' = 'least_loaded' then
        select l.place, l.load::text into place, reason from unnest(loads) with ordinality l (load, place)
         order by l.load, l.place limit 1;
        loads[place] := loads[place] + 1;
        strategy := 'least_loaded';
        user_id := members[place];
      else
        -- Also a source that nobody has.
        turn := turn % cardinality(members) + 1;
        strategy := 'round_robin';
        reason := null;
        user_id := members[turn];
      end if;
    end if;
    if user_id is not null then return next; end if;
  end loop;
end $$;
