-- migrate:up
-- Facts worth knowing, questions that ask for them, and answers; where each stands among the others (384 numbers; only
-- those of one model are compared).

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
grant select on crm.fact_definitions to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, name, question, weight, for_scope, for_estimate, position),
  update (name, question, weight, for_scope, for_estimate, position, retired_at)
  on crm.fact_definitions to closerflow_web;
create trigger keep_to_admins before insert or update on crm.fact_definitions
  for each row execute function app.keep_to_admins();

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
grant select on crm.question_bank to closerflow_web, closerflow_worker;
grant insert (tenant_id, id, text, rationale, category, fact_id, embedding, embedding_model),
  update (text, rationale, category, fact_id, embedding, embedding_model, retired_at)
  on crm.question_bank to closerflow_web;
create trigger keep_to_admins before insert or update on crm.question_bank
  for each row execute function app.keep_to_admins();

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

-- migrate:down
drop table crm.lead_embeddings;
drop table crm.discovery_answers;
drop table crm.discovery_questions;
drop table crm.question_bank;
drop table crm.fact_definitions;
drop table crm.strategy_versions;
