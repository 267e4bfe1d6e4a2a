-- Everything that a schema is, one fact a line, in an order that does not depend on how it came about: no object
-- ids, no place of a column, grants one by one, no comments or white space of function bodies. Two databases whose
-- lines are the same behave the same. Leaves them in the temporary table normal_form (line).

-- Every name is written with its schema, and values in one way, whoever asks.
set search_path = pg_catalog;
set datestyle = 'ISO';
set intervalstyle = 'postgres';
set timezone = 'UTC';

create or replace function pg_temp.rows_of(p_table regclass) returns setof text language plpgsql as $$
begin
  return query execute format('select to_jsonb(x)::text from %s x', p_table);
end $$;

drop table if exists pg_temp.normal_form;
create temporary table normal_form as
with spaces as (
  select oid, nspname::text as space from pg_namespace where nspname in ('app', 'sec', 'crm', 'public', 'extensions')
), ours as (
  select s.oid, s.space from spaces s where s.space <> 'extensions'
), grants (what, granted) as (
  select 'schema ' || n.nspname, n.nspacl from pg_namespace n join spaces s on s.oid = n.oid
  union all
  select 'relation ' || o.space || '.' || c.relname, c.relacl from pg_class c join ours o on o.oid = c.relnamespace
  union all
  select 'column ' || o.space || '.' || c.relname || '.' || a.attname, a.attacl
    from pg_attribute a join pg_class c on c.oid = a.attrelid join ours o on o.oid = c.relnamespace
   where a.attnum > 0 and not a.attisdropped
  union all
  -- Who may call a function by default is as good as said.
  select 'function ' || p.oid::regprocedure, coalesce(p.proacl, acldefault('f', p.proowner))
    from pg_proc p join ours o on o.oid = p.pronamespace
  union all
  select 'type ' || o.space || '.' || t.typname, coalesce(t.typacl, acldefault('T', t.typowner))
    from pg_type t join ours o on o.oid = t.typnamespace where t.typtype = 'd'
  union all
  select 'default of ' || pg_get_userbyid(d.defaclrole) || ' ' || d.defaclobjtype::text || ' ' || d.defaclnamespace::regnamespace,
         d.defaclacl from pg_default_acl d
), bodies as (
  -- Strings and quoted names as they stand; comments and white space are one blank.
  select p.oid, btrim(string_agg(coalesce(t.token[1], t.token[3], ' '), '' order by t.place)) as body
    from pg_proc p join ours o on o.oid = p.pronamespace
   cross join lateral regexp_matches(
     p.prosrc, $$('(?:[^']|'')*'|"[^"]*")|((?:--[^\n]*|\s+)+)|([^'"\s-]+|-)$$, 'g') with ordinality t (token, place)
   where p.prosqlbody is null
   group by p.oid
), lines (line) as (
  select concat_ws(' ', 'schema', n.nspname, 'owner', pg_get_userbyid(n.nspowner))
    from pg_namespace n join spaces s on s.oid = n.oid
  union all
  select concat_ws(' ', 'grant', g.what, case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee) end,
                   a.privilege_type, case when a.is_grantable then 'with grant option' end)
    from grants g cross join lateral aclexplode(g.granted) a
  union all
  select concat_ws(' ', 'extension', e.extname, e.extnamespace::regnamespace) from pg_extension e
  union all
  select concat_ws(' ', 'relation', o.space || '.' || c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
                   'owner', pg_get_userbyid(c.relowner), 'row security', c.relrowsecurity, c.relforcerowsecurity,
                   'replica identity', c.relreplident, (select array_agg(r order by r) from unnest(c.reloptions) r))
    from pg_class c join ours o on o.oid = c.relnamespace
  union all
  select concat_ws(' ', 'column', o.space || '.' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
                   case when a.attnotnull then 'not null' end, 'generated', nullif(a.attgenerated::text, ''),
                   'identity', nullif(a.attidentity::text, ''), 'collation', a.attcollation::regcollation,
                   'storage', a.attstorage, 'compression', nullif(a.attcompression::text, ''),
                   'statistics', nullif(a.attstattarget, -1), a.attoptions, 'default', pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a join pg_class c on c.oid = a.attrelid join ours o on o.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attnum > 0 and not a.attisdropped and c.relkind <> 'i'
  union all
  select concat_ws(' ', 'constraint', case when k.contypid <> 0 then k.contypid::regtype::text else k.conrelid::regclass::text end,
                   k.conname, case when k.convalidated then 'valid' else 'not valid' end, pg_get_constraintdef(k.oid))
    from pg_constraint k join ours o on o.oid = k.connamespace
  union all
  select concat_ws(' ', 'index', i.indexrelid::regclass, pg_get_indexdef(i.indexrelid),
                   case when i.indisvalid then 'valid' else 'not valid' end,
                   (select string_agg(a.attnum || ':' || a.attstattarget, ',' order by a.attnum) from pg_attribute a
                     where a.attrelid = i.indexrelid and a.attstattarget <> -1))
    from pg_index i join pg_class c on c.oid = i.indexrelid join ours o on o.oid = c.relnamespace
  union all
  select concat_ws(' ', 'trigger', t.tgrelid::regclass, pg_get_triggerdef(t.oid), 'enabled', t.tgenabled)
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join ours o on o.oid = c.relnamespace where not t.tgisinternal
  union all
  select concat_ws(' ', 'event trigger', e.evtname, e.evtevent, e.evtfoid::regprocedure, e.evtenabled) from pg_event_trigger e
  union all
  select concat_ws(' ', 'policy', p.polrelid::regclass, p.polname, case when p.polpermissive then 'permissive' else 'restrictive' end,
                   p.polcmd, (select array_agg(case r when 0 then 'public' else pg_get_userbyid(r) end order by 1) from unnest(p.polroles) r),
                   'using', pg_get_expr(p.polqual, p.polrelid), 'with check', pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy p
  union all
  select concat_ws(' ', 'rule', r.ev_class::regclass, pg_get_ruledef(r.oid), 'enabled', r.ev_enabled)
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join ours o on o.oid = c.relnamespace
  union all
  select concat_ws(' ', 'statistics', s.stxrelid::regclass, pg_get_statisticsobjdef(s.oid))
    from pg_statistic_ext s join ours o on o.oid = s.stxnamespace
  union all
  select concat_ws(' ', 'function', p.oid::regprocedure, 'kind', p.prokind, 'arguments', pg_get_function_arguments(p.oid),
                   'returns', pg_get_function_result(p.oid), 'language', l.lanname, 'owner', pg_get_userbyid(p.proowner),
                   'volatile', p.provolatile, 'parallel', p.proparallel, 'strict', p.proisstrict, 'definer', p.prosecdef,
                   'leakproof', p.proleakproof, 'cost', p.procost, 'rows', p.prorows, 'support', p.prosupport,
                   'set', p.proconfig,
                   'body', md5(coalesce(regexp_replace(pg_get_function_sqlbody(p.oid), '\s+', ' ', 'g'), b.body)))
    from pg_proc p join ours o on o.oid = p.pronamespace join pg_language l on l.oid = p.prolang left join bodies b on b.oid = p.oid
  union all
  select concat_ws(' ', 'type', o.space || '.' || t.typname, 'kind', t.typtype, 'owner', pg_get_userbyid(t.typowner),
                   'base', nullif(t.typbasetype, 0)::regtype, 'collation', t.typcollation::regcollation,
                   'not null', t.typnotnull, 'default', t.typdefault,
                   (select string_agg(e.enumlabel, ',' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    from pg_type t join ours o on o.oid = t.typnamespace where t.typelem = 0
  union all
  select concat_ws(' ', 'comment on', i.type, i.identity, 'is', d.description)
    from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) i
   where i.schema in ('app', 'sec', 'crm', 'public')
  union all
  select concat_ws(' ', 'role setting', pg_get_userbyid(s.setrole), c)
    from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase and d.datname = current_database()
   cross join unnest(s.setconfig) c
  union all
  select concat_ws(' ', 'role', r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls)
    from pg_roles r where r.rolname like 'closerflow\_%'
  union all
  select concat_ws(' ', 'sequence', c.oid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join ours o on o.oid = c.relnamespace
  union all
  -- What a fresh database holds; the runner's own books aside.
  select concat_ws(' ', 'row', c.oid::regclass, r.row)
    from pg_class c join ours o on o.oid = c.relnamespace cross join lateral pg_temp.rows_of(c.oid) r (row)
   where c.relkind in ('r', 'p') and o.space <> 'public'
)
select regexp_replace(line, '\n\s*', ' ', 'g') as line from lines
 where line !~ '^(relation|column|constraint|index|grant relation|grant column|type|sequence) public[.]schema_';
