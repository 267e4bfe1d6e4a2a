-- migrate:up
-- The AI log and its budget, and discovery: facts, bank, questions, answers, and where each stands among
-- the others (384 numbers; only those of one model are compared). Creates only.

-- ------------------------------------------------------------------ the AI log

-- How many tokens a tenant's models may use in a calendar month, where the default does not suit.
create table crm.ai_budgets (
  tenant_id uuid primary key references crm.tenants,
  tokens_per_month bigint not null check (tokens_per_month between 0 and 1000000000000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
call app.fence('crm.ai_budgets');
call app.keep_updated_at('crm.ai_budgets');
grant select on crm.ai_budgets to closerflow_web, closerflow_worker;
grant insert (tenant_id, tokens_per_month), update (tokens_per_month) on crm.ai_budgets to closerflow_web;

-- What is an admin's to change, whatever a page of the site lets through.
create function app.keep_to_admins() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if session_user = 'closerflow_web' and not app.may('administer') then
    raise exception 'not permitted: administer' using errcode = 'CF403', constraint = 'administered';
  end if;
  return new;
end $$;
create trigger keep_to_admins before insert or update on crm.ai_budgets
  for each row execute function app.keep_to_admins();

-- One attempt to get something from a model, whatever came of it. People are hidden in prompt and output.
create table crm.ai_actions (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  lead_id uuid,
  kind text not null check (kind in ('questions', 'embedding')),
  provider text not null check (length(provider) between 1 and 100),
  model text not null check (length(model) between 1 and 100),
  -- Names the wording of the instructions: questions.v1.
  prompt_reference text not null check (length(prompt_reference) between 1 and 100),
  prompt text not null check (length(prompt) <= 200000),
  output text check (length(output) <= 200000),
  input_tokens int not null default 0 check (input_tokens >= 0),
  output_tokens int not null default 0 check (output_tokens >= 0),
  -- Millionths of the currency the prices are in; null where no price is known.
  cost_micros bigint check (cost_micros >= 0),
  latency_ms int not null check (latency_ms >= 0),
  citations jsonb not null default '[]' check (jsonb_typeof(citations) = 'array'),
  citations_dropped int not null default 0 check (citations_dropped >= 0),
  status text not null check (status in (
    'answered', 'over_budget', 'circuit_open', 'unreachable', 'timed_out', 'rate_limited', 'server_error',
    'refused', 'too_large', 'cut_short', 'broken_json', 'other_schema')),
  error text check (length(error) <= 500),
  -- Who asked.
  actor_id uuid,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint ai_actions_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint ai_actions_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id),
  constraint ai_actions_error check ((status = 'answered') = (error is null))
);
create index ai_actions_lead_idx on crm.ai_actions (tenant_id, lead_id, id desc);
create index ai_actions_actor_idx on crm.ai_actions (tenant_id, actor_id) where actor_id is not null;
-- What the month has cost, from the index alone.
create index ai_actions_spent_idx on crm.ai_actions (tenant_id, created_at) include (input_tokens, output_tokens, cost_micros);
call app.fence('crm.ai_actions');
call app.make_append_only('crm.ai_actions');
grant select on crm.ai_actions to closerflow_web;
grant select, insert on crm.ai_actions to closerflow_worker;
create trigger stamp before insert on crm.ai_actions for each row execute function app.stamp_actor();

-- ------------------------------------------------------------------ what a tenant asks for

-- The tone and the aims a tenant's outreach follows. One is active; the rest is history.
create table crm.strategy_versions (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  version int not null check (version > 0),
  status text not null default 'draft' check (status in ('draft', 'active', 'rolled_back')),
  tone text not null check (length(tone) between 1 and 200),
  objectives text not null check (length(objectives) between 1 and 2000),
  objection_handling text not null default '' check (length(objection_handling) <= 2000),
  cta_rules text not null default '' check (length(cta_rules) <= 2000),
  followup_preset text not null default 'balanced' check (followup_preset in ('gentle', 'balanced', 'aggressive')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint strategy_versions_version_key unique (tenant_id, version)
);
create unique index strategy_versions_active_key on crm.strategy_versions (tenant_id) where status = 'active';
call app.fence('crm.strategy_versions');
call app.keep_updated_at('crm.strategy_versions');
grant select on crm.strategy_versions to closerflow_web, closerflow_worker;

-- What must be known before a scope or an estimate can be written. Retired, never deleted: old questions
-- point here.
create table crm.fact_definitions (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  name text not null check (length(name) between 1 and 80),
  -- The plain question that asks for it.
  question text not null check (length(question) between 3 and 500),
  -- 1 nice to know … 5 nothing goes on without it.
  weight smallint not null check (weight between 1 and 5),
  for_scope boolean not null,
  for_estimate boolean not null,
  position int not null,
  retired_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id)
);
create unique index fact_definitions_name_key on crm.fact_definitions (tenant_id, lower(name)) where retired_at is null;
call app.fence('crm.fact_definitions');
call app.keep_updated_at('crm.fact_definitions');
create trigger keep_to_admins before insert or update on crm.fact_definitions
  for each row execute function app.keep_to_admins();
grant select on crm.fact_definitions to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, name, question, weight, for_scope, for_estimate, position),
  update (name, question, weight, for_scope, for_estimate, position, retired_at)
  on crm.fact_definitions to closerflow_web;

-- Good questions to ask again. Placed by the built-in rule when they are saved, so that they are found at
-- once and without a model.
create table crm.question_bank (
  tenant_id uuid not null references crm.tenants,
  id uuid not null,
  text text not null check (length(text) between 3 and 500),
  rationale text not null default '' check (length(rationale) <= 500),
  category text not null check (category in ('need', 'budget', 'timing', 'decision', 'constraints', 'competition', 'other')),
  fact_id uuid,
  embedding extensions.vector(384) not null,
  embedding_model text not null check (length(embedding_model) between 1 and 100),
  retired_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint question_bank_fact_fkey foreign key (tenant_id, fact_id)
    references crm.fact_definitions (tenant_id, id)
);
create unique index question_bank_text_key on crm.question_bank (tenant_id, lower(text)) where retired_at is null;
create index question_bank_fact_idx on crm.question_bank (tenant_id, fact_id) where fact_id is not null;
create index question_bank_place_idx on crm.question_bank using hnsw (embedding extensions.vector_cosine_ops)
  where retired_at is null;
call app.fence('crm.question_bank');
call app.keep_updated_at('crm.question_bank');
create trigger keep_to_admins before insert or update on crm.question_bank
  for each row execute function app.keep_to_admins();
grant select on crm.question_bank to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, text, rationale, category, fact_id, embedding, embedding_model),
  update (text, rationale, category, fact_id, embedding, embedding_model, retired_at)
  on crm.question_bank to closerflow_web;

-- The nearest of a tenant's bank. The index knows all tenants: it is walked until enough of this one's are
-- found, and where its walk ends too early the tenant's own rows are all compared.
create function app.nearest_questions(p_place extensions.vector, p_model text, p_limit int)
  returns table (id uuid, distance real)
  language plpgsql stable security definer
  set search_path = pg_catalog, extensions, pg_temp
  set hnsw.iterative_scan = strict_order
  set hnsw.max_scan_tuples = 20000
  set plan_cache_mode = force_custom_plan
  rows 10
as $$
declare
  this_tenant constant uuid := app.tenant();
  wanted constant int := least(p_limit, 50);
  ids uuid[];
  distances real[];
begin
  -- A small bank is compared whole: quicker than the index, and it misses nothing.
  if (select count(*) from (select from crm.question_bank b where b.tenant_id = this_tenant limit 2001) few) > 2000 then
    select array_agg(n.id), array_agg(n.distance) into ids, distances from (
      select b.id, (b.embedding <=> p_place)::real as distance from crm.question_bank b
       where b.tenant_id = this_tenant and b.retired_at is null and b.embedding_model = p_model
       order by b.embedding <=> p_place limit wanted) n;
    if cardinality(ids) >= wanted then
      return query select n.id, n.distance from unnest(ids, distances) n (id, distance) order by n.distance;
      return;
    end if;
  end if;
  -- No index orders by a sum: every row of the tenant is compared.
  return query
    select b.id, (b.embedding <=> p_place)::real from crm.question_bank b
     where b.tenant_id = this_tenant and b.retired_at is null and b.embedding_model = p_model
     order by (b.embedding <=> p_place) + 0 limit wanted;
end $$;
grant execute on function app.nearest_questions(extensions.vector, text, int) to closerflow_web, closerflow_worker;

-- ------------------------------------------------------------------ questions and answers

create table crm.discovery_questions (
  tenant_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  text text not null check (length(text) between 3 and 500),
  -- Why it matters.
  rationale text not null default '' check (length(rationale) <= 500),
  category text not null check (category in ('need', 'budget', 'timing', 'decision', 'constraints', 'competition', 'other')),
  status text not null default 'proposed' check (status in ('proposed', 'asked', 'answered', 'dismissed')),
  origin text not null check (origin in ('ai', 'playbook', 'human')),
  -- Where a person put it; null leaves the order to relevance.
  position int,
  -- The fact that its answer makes known.
  fact_id uuid,
  bank_question_id uuid,
  ai_action_id uuid,
  -- Words of the lead it rests on: [{"source", "quote"}].
  citations jsonb not null default '[]' check (jsonb_typeof(citations) = 'array'),
  embedding extensions.vector(384),
  embedding_model text check (length(embedding_model) between 1 and 100),
  asked_at timestamptz,
  -- Counts the wordings: an edit says which one it saw.
  revision int not null default 1,
  -- Who wrote it, or asked for it to be proposed.
  created_by uuid not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, id),
  constraint discovery_questions_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id),
  constraint discovery_questions_fact_fkey foreign key (tenant_id, fact_id)
    references crm.fact_definitions (tenant_id, id),
  constraint discovery_questions_bank_fkey foreign key (tenant_id, bank_question_id)
    references crm.question_bank (tenant_id, id),
  constraint discovery_questions_action_fkey foreign key (tenant_id, ai_action_id)
    references crm.ai_actions (tenant_id, id),
  constraint discovery_questions_created_by_fkey foreign key (tenant_id, created_by)
    references crm.memberships (tenant_id, user_id),
  constraint discovery_questions_placed check ((embedding is null) = (embedding_model is null)),
  constraint discovery_questions_proposed check ((origin = 'human') = (ai_action_id is null)),
  constraint discovery_questions_asked check (status not in ('asked', 'answered') or asked_at is not null)
) with (fillfactor = 80);
-- A lead is asked the same thing once, also where it was dismissed.
create unique index discovery_questions_text_key on crm.discovery_questions (tenant_id, lead_id, md5(lower(text)));
create index discovery_questions_lead_idx on crm.discovery_questions (tenant_id, lead_id, status);
create index discovery_questions_fact_idx on crm.discovery_questions (tenant_id, fact_id) where fact_id is not null;
create index discovery_questions_bank_idx on crm.discovery_questions (tenant_id, bank_question_id, status) where bank_question_id is not null;
create index discovery_questions_action_idx on crm.discovery_questions (tenant_id, ai_action_id) where ai_action_id is not null;
create index discovery_questions_created_by_idx on crm.discovery_questions (tenant_id, created_by);
call app.fence('crm.discovery_questions');
call app.keep_updated_at('crm.discovery_questions');
grant select on crm.discovery_questions to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, lead_id, text, rationale, category, origin, fact_id, bank_question_id, created_by),
  update (text, rationale, category, status, position, fact_id, asked_at, embedding, embedding_model)
  on crm.discovery_questions to closerflow_web;
-- The worker places what people wrote; what a model wrote comes in by app.propose_questions alone.
grant update (embedding, embedding_model) on crm.discovery_questions to closerflow_worker;

create function app.keep_question() returns trigger
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
create trigger keep before insert or update on crm.discovery_questions
  for each row execute function app.keep_question();

-- The newest counts; an earlier one is what was thought before.
create table crm.discovery_answers (
  tenant_id uuid not null,
  id uuid not null,
  question_id uuid not null,
  body text not null check (length(body) between 1 and 5000),
  channel text not null check (channel in ('call', 'meeting', 'email', 'sms', 'form', 'research')),
  actor_id uuid,
  created_at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  primary key (tenant_id, id),
  constraint discovery_answers_question_fkey foreign key (tenant_id, question_id)
    references crm.discovery_questions (tenant_id, id),
  constraint discovery_answers_actor_fkey foreign key (tenant_id, actor_id)
    references crm.memberships (tenant_id, user_id)
);
create index discovery_answers_question_idx on crm.discovery_answers (tenant_id, question_id, id desc);
create index discovery_answers_actor_idx on crm.discovery_answers (tenant_id, actor_id) where actor_id is not null;
call app.fence('crm.discovery_answers');
call app.make_append_only('crm.discovery_answers');
grant select, insert on crm.discovery_answers to closerflow_web;
grant select on crm.discovery_answers to closerflow_worker;
create trigger stamp before insert on crm.discovery_answers for each row execute function app.stamp_actor();

-- Where a lead's own words stand now: what open questions are compared with.
create table crm.lead_embeddings (
  tenant_id uuid not null,
  lead_id uuid not null,
  model text not null check (length(model) between 1 and 100),
  embedding extensions.vector(384) not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant_id, lead_id),
  constraint lead_embeddings_lead_fkey foreign key (tenant_id, lead_id) references crm.leads (tenant_id, id)
);
call app.fence('crm.lead_embeddings');
call app.keep_updated_at('crm.lead_embeddings');
grant select on crm.lead_embeddings to closerflow_web;
grant select, insert (tenant_id, lead_id, model, embedding), update (model, embedding) on crm.lead_embeddings
  to closerflow_worker;

-- The only way in for what a model wrote: proposals for the lead of this transaction's job, each resting
-- on a logged action of that lead. Nothing in p_questions can name a lead, a person, a state or an address.
-- What the lead was asked before is left out. Returns how many are new.
create function app.propose_questions(p_action uuid, p_origin text, p_questions jsonb) returns int
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
grant execute on function app.propose_questions(uuid, text, jsonb) to closerflow_worker;

-- ------------------------------------------------------------------ what every tenant begins with

create function app.seed_discovery(p_tenant uuid, p_locale text) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  is_french constant boolean := p_locale = 'fr';
begin
  insert into crm.strategy_versions (tenant_id, id, version, status, tone, objectives)
  values (p_tenant, gen_random_uuid(), 1, 'active',
          case when is_french then 'Aimable et précis' else 'Friendly and precise' end,
          case when is_french then 'Comprendre le besoin avant de proposer. Une question à la fois, jamais deux fois la même.'
               else 'Understand the need before proposing. One question at a time, and none twice.' end);
  insert into crm.fact_definitions
    (tenant_id, id, name, question, weight, for_scope, for_estimate, position)
  select p_tenant, gen_random_uuid(), case when is_french then f.nom else f.name end,
         case when is_french then f.question_fr else f.question end, f.weight, f.for_scope, f.for_estimate, f.position
    from (values
      (1, 5, true, true, 'Need', 'What should be different when this is done?',
       'Besoin', 'Qu’est-ce qui doit avoir changé quand ce sera fait ?'),
      (2, 5, false, true, 'Budget', 'What budget has been set aside for this?',
       'Budget', 'Quel budget est prévu pour cela ?'),
      (3, 4, true, true, 'Timing', 'When should it start, and by when must it be finished?',
       'Calendrier', 'Quand faut-il commencer, et pour quand faut-il finir ?'),
      (4, 4, false, true, 'Decision maker', 'Who decides, and who else should be asked?',
       'Décideur', 'Qui décide, et qui d’autre faut-il consulter ?'),
      (5, 3, true, true, 'Constraints', 'What must not change, or limits how it can be done?',
       'Contraintes', 'Qu’est-ce qui ne doit pas changer, ou limite la façon de faire ?'),
      (6, 3, true, false, 'Extent', 'How large is it: rooms, places, people, pieces?',
       'Étendue', 'Quelle en est l’ampleur : pièces, lieux, personnes, quantités ?'),
      (7, 2, false, false, 'Alternatives', 'What else is being considered, and who else was asked?',
       'Alternatives', 'Quelles autres solutions sont envisagées, et à qui d’autre l’a-t-on demandé ?')
    ) f (position, weight, for_scope, for_estimate, name, question, nom, question_fr);
end $$;

create function app.seed_tenant() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  perform app.seed_discovery(new.id, new.locale);
  return null;
end $$;
create trigger seed after insert on crm.tenants for each row execute function app.seed_tenant();

select app.seed_discovery(t.id, t.locale) from crm.tenants t;

-- Whoever asked for questions is told how the search ended, in the transaction that ends it.
create function app.tell_of_questions() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  insert into crm.notifications (tenant_id, id, user_id, kind, lead_id, count)
  values (new.tenant_id, app.new_id(), new.requested_by,
          case new.state when 'done' then 'questions_ready' else 'questions_failed' end, new.subject_id, new.done);
  return null;
end $$;
-- One that only places questions among the others has the lead beside it, and nobody waits for it.
create trigger tell_of_questions after update of state on crm.jobs
  for each row when (new.kind = 'questions' and not new.params ? 'lead' and old.state <> new.state and new.state in ('done', 'failed'))
  execute function app.tell_of_questions();

-- migrate:down
drop trigger tell_of_questions on crm.jobs;
drop function app.tell_of_questions();
drop trigger seed on crm.tenants;
drop function app.seed_tenant();
drop function app.seed_discovery(uuid, text);
drop function app.propose_questions(uuid, text, jsonb);
drop table crm.lead_embeddings, crm.discovery_answers, crm.discovery_questions;
drop function app.keep_question();
drop function app.nearest_questions(extensions.vector, text, int);
drop table crm.question_bank, crm.fact_definitions, crm.strategy_versions, crm.ai_actions, crm.ai_budgets;
drop function app.keep_to_admins();
