-- for: owner
-- What a person wrote is theirs, and a question goes one way: proposed, asked, answered.
create or replace function app.keep_question() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'INSERT' then
    new.created_by := app.actor();
    -- What the web role inserts, a person wrote.
    if session_user = 'closerflow_web' then
      new.origin := 'human';
      new.status := 'proposed';
      new.ai_action_id := null;
      new.citations := '[]';
    end if;
    return new;
  end if;
  if new.status = 'answered' and old.status <> 'answered' and not exists (
    select from crm.discovery_answers a where a.tenant_id = new.tenant_id and a.question_id = new.id) then
    raise exception 'question % has no answer', new.id
      using errcode = 'CF003', constraint = 'discovery_questions_answered';
  end if;
  if old.status = 'answered' and new.status <> 'answered' then
    raise exception 'question % is answered', new.id using errcode = 'CF004', constraint = 'discovery_questions_moves';
  end if;
  if new.status in ('asked', 'answered') and new.asked_at is null then new.asked_at := now(); end if;
  if (new.text, new.rationale, new.category, new.fact_id) is distinct from (old.text, old.rationale, old.category, old.fact_id) then
    new.revision := old.revision + 1;
  end if;
  return new;
end $$;

create or replace trigger keep before insert or update on crm.discovery_questions
  for each row execute function app.keep_question();
