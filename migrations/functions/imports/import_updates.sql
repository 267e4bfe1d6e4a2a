-- for: worker
-- Writes the next updates of leads that are known, and what each field was before; lines about one lead, or one
-- person, take their turns. Only the rows being written are judged again: a file with few updates would be judged
-- whole in one statement. No line when none is left.
create or replace function app.import_updates(p_import uuid, p_after int, p_limit int, out written int, out last_line int)
  language plpgsql security definer
  set search_path = pg_catalog, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_import constant crm.lead_imports := sec.import_in(p_import, 'committing');
  fills constant boolean := this_import.mode = 'fill_blanks';
  from_line int;
  lines int[];
  changes jsonb;
begin
  select min(p.line), max(p.line) into from_line, last_line from (
    select r.line from crm.lead_import_rows r
     where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'update'
       and r.line > p_after
     order by r.line limit p_limit) p;
  written := 0;
  if from_line is null then return; end if;
  -- From here on nobody edits what is compared with the dry run, then written over.
  perform from crm.leads l
   where l.tenant_id = this_tenant
     and l.id in (select r.lead_id from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line between from_line and last_line
                     and r.status = 'update')
   order by l.id for no key update;
  perform from crm.contacts c
   where c.tenant_id = this_tenant
     and c.id in (select sec.import_person(this_tenant, r.lead_id, r.contact_id) from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line between from_line and last_line
                     and r.status = 'update')
   order by c.id for no key update;
  -- Somebody may have changed them since the dry run. The new ones in between are judged when they are written.
  perform sec.judge_rows(p_import, from_line, last_line, array['update']);
  select array_agg(t.line order by t.line) into lines from (
    select q.line, row_number() over (partition by q.lead_id order by q.line) as of_lead,
           row_number() over (partition by coalesce(q.contact_id, q.lead_id) order by q.line) as of_contact
      from (select r.line, r.lead_id, sec.import_person(this_tenant, r.lead_id, r.contact_id) as contact_id
              from crm.lead_import_rows r
             where r.tenant_id = this_tenant and r.import_id = p_import and r.status = 'update'
               and r.line between from_line and last_line) q) t
   where t.of_lead = 1 and t.of_contact = 1;
  if lines is null then return; end if;
  written := cardinality(lines);
  -- Also those that they turned out to be about.
  perform from crm.leads l
   where l.tenant_id = this_tenant
     and l.id in (select r.lead_id from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update')
   order by l.id for no key update;
  perform from crm.contacts c
   where c.tenant_id = this_tenant
     and c.id in (select sec.import_person(this_tenant, r.lead_id, r.contact_id)
                    from crm.lead_import_rows r
                   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update')
   order by c.id for no key update;

  select jsonb_agg(jsonb_build_object('entity', f.entity, 'entity_id', f.entity_id, 'lead_id', r.lead_id,
                                      'field', f.field, 'old', f.old, 'new', f.new))
    into changes
    from crm.lead_import_rows r
    join crm.leads l on l.tenant_id = this_tenant and l.id = r.lead_id
    left join crm.contacts c on c.tenant_id = this_tenant and c.deleted_at is null
                             and c.id = sec.import_person(this_tenant, l.id, r.contact_id)
    cross join lateral (values
      -- A title that the file does not give was made up for new leads.
      ('lead', l.id, 'title', to_jsonb(l.title), case when sec.import_says(this_import, r, 'title') then to_jsonb(r.title) end),
      ('lead', l.id, 'description', to_jsonb(l.description), to_jsonb(r.description)),
      ('lead', l.id, 'company', to_jsonb(l.company), to_jsonb(r.company)),
      ('lead', l.id, 'source', to_jsonb(l.source), to_jsonb(r.source)),
      ('lead', l.id, 'estimated_value', to_jsonb(l.estimated_value), to_jsonb(r.estimated_value)),
      ('lead', l.id, 'external_id', to_jsonb(l.external_id), to_jsonb(r.external_id)),
      -- Tags are added to those that are there.
      ('lead', l.id, 'tags', to_jsonb(l.tags), case when cardinality(r.tags) > 0 then to_jsonb((
         l.tags || array(select t from unnest(r.tags) with ordinality u (t, n)
                           where not exists (select from unnest(l.tags) h where app.fold(h) = app.fold(t)) order by n))[:20]) end),
      -- A language that the file does not give was told by what new leads wrote.
      ('lead', l.id, 'language', to_jsonb(l.language), case when sec.import_says(this_import, r, 'language') then to_jsonb(r.language) end),
      ('lead', l.id, 'owner_id', to_jsonb(l.owner_id), to_jsonb(r.owner_id)),
      ('contact', c.id, 'first_name', to_jsonb(c.first_name), to_jsonb(r.first_name)),
      -- Of a name in one word nobody knows which it is.
      ('contact', c.id, 'last_name', to_jsonb(c.last_name),
       case when r.first_name is not null or sec.import_says(this_import, r, 'last_name') or not sec.import_says(this_import, r, 'name') then to_jsonb(r.last_name) end),
      ('contact', c.id, 'email', to_jsonb(c.email::text), to_jsonb(r.email)),
      ('contact', c.id, 'phone', to_jsonb(c.phone::text), to_jsonb(r.phone))
    ) f (entity, entity_id, field, old, new)
   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update'
     and f.entity_id is not null and f.new is not null and f.new is distinct from f.old
     and (not fills or f.old is null or f.old in ('""', '[]'));

  perform sec.apply_import_changes(this_import, app.actor(), changes);
  insert into crm.operation_changes as o (tenant_id, operation_id, entity, entity_id, field, old, new)
  select this_tenant, this_import.operation_id, c.entity, c.entity_id, c.field, c.old, c.new
    from app.import_changes(changes) c
  on conflict on constraint operation_changes_key do update set new = excluded.new;
  update crm.lead_import_rows r set status = 'done'
   where r.tenant_id = this_tenant and r.import_id = p_import and r.line = any (lines) and r.status = 'update';
end $$;
