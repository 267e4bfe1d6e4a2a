-- for: owner
-- What every tenant begins with: a strategy, and the facts that are worth knowing.
create or replace function app.seed_discovery(p_tenant uuid, p_locale text) returns void
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
