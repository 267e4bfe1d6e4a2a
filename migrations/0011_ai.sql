-- migrate:up
-- What was asked of models, and how much may be.

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
create trigger keep_to_admins before insert or update on crm.ai_budgets
  for each row execute function app.keep_to_admins();

-- migrate:down
drop table crm.ai_budgets;
drop table crm.ai_actions;
