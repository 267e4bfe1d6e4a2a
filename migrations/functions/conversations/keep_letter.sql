-- for: owner
-- A letter that arrived is our word in the conversation: the lead waits no longer, and a new one has been contacted.
create or replace function sec.keep_letter(p_letter crm.drafts) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  family uuid[];
  home uuid;
  old_status text;
  change constant uuid := app.new_id();
begin
  select coalesce(l.merged_into, l.id) into strict home from crm.leads l
   where l.tenant_id = p_letter.tenant_id and l.id = p_letter.lead_id;
  select l.contact_status into strict old_status from crm.leads l
   where l.tenant_id = p_letter.tenant_id and l.id = home for update;
  family := array(select l.id from crm.leads l
                   where l.tenant_id = p_letter.tenant_id and (l.id = home or l.merged_into = home));

  with open as (
    select t.id from crm.threads t
     where t.tenant_id = p_letter.tenant_id and t.lead_id = any (family) and (t.awaiting_reply or t.channel = 'email')
       and t.status = 'open'
     order by t.awaiting_reply desc, t.id desc limit 1
  ), begun as (
    insert into crm.threads (tenant_id, id, lead_id, channel, subject)
    select p_letter.tenant_id, app.new_id(), home, 'email', left(nullif(p_letter.subject, ''), 200) where not exists (select from open)
    returning id
  )
  insert into crm.messages (tenant_id, id, thread_id, role, content, actor_id, draft_id)
  select p_letter.tenant_id, app.new_id(), t.id, 'operator',
         coalesce(nullif(left(p_letter.content_md, 20000), ''), '–'), p_letter.author_id, p_letter.id
    from (select id from open union all select id from begun) t;
  update crm.threads t set awaiting_reply = false
   where t.tenant_id = p_letter.tenant_id and t.lead_id = any (family) and t.awaiting_reply;
  update crm.leads l
     set last_contact_at = now(), contact_status = case l.contact_status when 'new' then 'contacted' else l.contact_status end
   where l.tenant_id = p_letter.tenant_id and l.id = home;

  if old_status = 'new' then
    insert into crm.lead_status_history (tenant_id, id, lead_id, axis, from_value, to_value, triggered_by)
    values (p_letter.tenant_id, change, home, 'contact_status', 'new', 'contacted', 'rule');
    perform app.emit(app.new_id(), 'ContactStatusChanged', 1, 'lead', home, change::text,
                     '{"axis": "contact_status", "from": "new", "to": "contacted"}');
    insert into crm.activities (tenant_id, id, lead_id, kind, data)
    values (p_letter.tenant_id, app.new_id(), home, 'contact_status_changed', '{"from": "new", "to": "contacted"}');
    insert into crm.audit_log (tenant_id, id, action, subject_type, subject_id, field, old, new)
    values (p_letter.tenant_id, app.new_id(), 'contact_status_changed', 'lead', home, 'contact_status', 'new', 'contacted');
  end if;
end $$;
