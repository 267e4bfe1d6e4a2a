-- for: worker
-- The only way in for what a model wrote: proposals for the lead of this transaction's job, each resting
-- on a logged action of that lead. Nothing in p_questions can name a lead, a person, a state or an address.
-- What the lead was asked before is left out. Returns how many are new.
create or replace function app.propose_questions(p_action uuid, p_origin text, p_questions jsonb) returns int
  language plpgsql security definer
  set search_path = pg_catalog, extensions, pg_temp
as $$
declare
  this_tenant constant uuid := app.tenant();
  this_lead uuid;
  added int;
begin
  select l.id into this_lead
    from crm.jobs j
    join crm.leads l on l.tenant_id = j.tenant_id and l.id = j.subject_id and l.deleted_at is null
    join crm.ai_actions a on a.tenant_id = l.tenant_id and a.lead_id = l.id and a.id = p_action
                         and a.kind = 'questions' and a.status = 'answered'
   where j.tenant_id = this_tenant and j.kind = 'questions' and j.state = 'leased'
     and j.id = nullif(split_part(current_setting('app.ticket', true), '/', 3), '')::uuid
     for update of l;
  if not found then
    raise exception 'no lead of a job in hand, or no action of it' using errcode = 'CF404', constraint = 'proposals_lead';
  end if;
  if jsonb_array_length(p_questions) > 20
     or (select count(*) from crm.discovery_questions q
          where q.tenant_id = this_tenant and q.lead_id = this_lead and q.status = 'proposed') > 60 then
    raise exception 'more questions than anybody reads' using errcode = 'CF004', constraint = 'proposals_max';
  end if;
  insert into crm.discovery_questions
    (tenant_id, id, lead_id, text, rationale, category, status, origin, fact_id, bank_question_id, ai_action_id,
     citations, embedding, embedding_model, created_by)
  select this_tenant, p.id, this_lead, p.text, p.rationale, p.category, 'proposed', p_origin, p.fact_id,
         p.bank_question_id, p_action, p.citations, p.embedding::extensions.vector, p.embedding_model, app.actor()
    from jsonb_to_recordset(p_questions) as p (
      id uuid, text text, rationale text, category text, fact_id uuid, bank_question_id uuid, citations jsonb,
      embedding text, embedding_model text)
   where p_origin in ('ai', 'playbook')
  on conflict (tenant_id, lead_id, md5(lower(text))) do nothing;
  get diagnostics added = row_count;
  return added;
end $$;
