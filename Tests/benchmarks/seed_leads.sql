-- Behind seed.sql: what makes tenant 1's leads whole (people, tags, sources, scores, dates, a timeline, and
-- 500 leads in the middle of discovery). Run as a superuser; triggers are skipped.
set session_replication_role = replica;
set search_path = crm, app, extensions;
-- Words as tenants have them: one in three leads is about a kitchen, a family name is one in forty's.
create function pg_temp.pick(words text, n int) returns text language sql immutable as
  $$ select (string_to_array(words, ' '))[1 + n % cardinality(string_to_array(words, ' '))] $$;
create function pg_temp.title(n int) returns text language sql immutable as
  $$ select pg_temp.pick('Kitchen Bathroom Kitchen Shed Roof Kitchen Staircase Wardrobe Library Kitchen Terrace Office', n * 31)
            || ' ' || pg_temp.pick('renovation extension repair planning building', n * 17) || ' ' || n $$;
create function pg_temp.first_name(n int) returns text language sql immutable as
  $$ select pg_temp.pick('Claire Ada Jules Inès Paul Nora Marc Léa Hugo Anna Theo Zoe Karim Elsa Omar Lucy Ravi Mina Jan Eva', n * 7) $$;
create function pg_temp.last_name(n int) returns text language sql immutable as
  $$ select pg_temp.pick('Fontaine Martin Lovelace Okafor Dubois Schmidt Rossi Novak Garcia Laurent Moreau Petit Roux Blanc Faure '
       'Girard Bonnet Dupont Lambert Mercier Leroy Simon Michel Garnier Chevalier Francois Robin Clement Morin Nicolas Henry Roussel '
       'Mathieu Gautier Masson Marchand Duval Denis Dumont Marie', n / 3) $$;
create function pg_temp.id(kind int, t int, n int) returns uuid language sql immutable as
  $$ select (lpad(to_hex(1760000000000 + n), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
             || '8' || lpad(to_hex(t), 7, '0') || lpad(to_hex(n), 8, '0'))::uuid $$;

insert into crm.clients (tenant_id, id, name, created_by)
  select pg_temp.id(1, 1, 0), pg_temp.id(9, 1, n), 'Client ' || n, pg_temp.id(2, 1, 1) from generate_series(1, 3000) n;
update crm.leads l
   set title = pg_temp.title(x.n), contact_name = pg_temp.first_name(x.n) || ' ' || pg_temp.last_name(x.n),
       contact_email = lower(pg_temp.last_name(x.n)) || x.n || '@company' || x.n % 4000 || '.example',
       tags = case when x.n % 50 = 0 then array['vip'] when x.n % 7 = 0 then array['fair'] else '{}' end,
       source = (array['fair', 'website', 'referral', 'phone', 'e-mail'])[1 + x.n % 5], score = x.n % 101,
       outcome = case when x.n % 17 = 0 then 'won' when x.n % 11 = 0 then 'lost' when x.n % 13 = 0 then 'unqualified' else 'open' end,
       client_id = case when x.n % 17 = 0 then pg_temp.id(9, 1, 1 + x.n % 3000) end,
       converted_at = case when x.n % 17 = 0 then now() end,
       next_followup_at = case when x.n % 5 = 0 then now() + (x.n % 4000 - 300) * interval '1 hour' end,
       expected_close_date = case when x.n % 4 = 0 then current_date + x.n % 900 - 100 end,
       language = case when x.n % 10 = 0 then 'fr' when x.n % 3 > 0 then 'en' end, is_test = x.n % 500 = 0,
       paused_at = case when x.n % 900 = 0 then now() end, paused_by = case when x.n % 900 = 0 then l.created_by end,
       paused_reason = case when x.n % 900 = 0 then 'x' end,
       suppressed_at = case when x.n % 200 = 0 then now() end, suppressed_by = case when x.n % 200 = 0 then l.created_by end,
       suppressed_reason = case when x.n % 200 = 0 then 'x' end,
       contact_status = (array['new', 'contacted', 'engaged', 'qualified', 'nurturing', 'appointment'])[1 + x.n % 6],
       owner_id = case when x.n % 40 = 0 then null else pg_temp.id(2, 1, 1 + x.n / 4 % 2) end,
       last_activity_at = now() - (x.n * 7919 % 100000) * interval '1 minute',
       archived_at = case when x.n % 97 = 0 then now() end,
       contact_phone = '+336' || lpad((x.n * 7919 % 100000000)::text, 8, '0')
  from (select id, row_number() over (order by id)::int as n from crm.leads where tenant_id = pg_temp.id(1, 1, 0)) x
 where l.tenant_id = pg_temp.id(1, 1, 0) and l.id = x.id;
insert into crm.contacts (tenant_id, id, first_name, last_name, email)
  select tenant_id, pg_temp.id(4, 1, n::int), pg_temp.first_name(n::int), pg_temp.last_name(n::int), contact_email
    from (select tenant_id, contact_email, row_number() over (order by id) n from crm.leads where tenant_id = pg_temp.id(1, 1, 0)) l;
insert into crm.lead_contacts (tenant_id, lead_id, contact_id, is_primary)
  select tenant_id, id, pg_temp.id(4, 1, row_number() over (order by id)::int), true
    from crm.leads where tenant_id = pg_temp.id(1, 1, 0);
insert into crm.activities (tenant_id, id, lead_id, kind, actor_id)
  select l.tenant_id, pg_temp.id(5 + k, 1, (row_number() over (partition by k order by l.id))::int), l.id,
         (array['lead_created', 'lead_updated', 'stage_changed'])[k], l.created_by
    from crm.leads l, generate_series(1, 3) k where l.tenant_id = pg_temp.id(1, 1, 0);
insert into crm.discovery_questions (tenant_id, id, lead_id, text, category, origin, embedding, embedding_model, created_by)
  select l.tenant_id, gen_random_uuid(), l.id, 'Question ' || k, 'need', 'human',
         (select array_agg(sin(k * i + l.n))::vector(384) from generate_series(1, 384) i), 'bench', l.created_by
    from (select *, row_number() over (order by id desc) n from crm.leads
           where tenant_id = pg_temp.id(1, 1, 0) order by id desc limit 500) l, generate_series(1, 8) k;
insert into crm.lead_embeddings (tenant_id, lead_id, model, embedding)
  select l.tenant_id, l.id, 'bench', (select array_agg(sin(3 * i + l.n))::vector(384) from generate_series(1, 384) i)
    from (select *, row_number() over (order by id desc) n from crm.leads
           where tenant_id = pg_temp.id(1, 1, 0) order by id desc limit 500) l;
set session_replication_role = origin;
vacuum analyze;
