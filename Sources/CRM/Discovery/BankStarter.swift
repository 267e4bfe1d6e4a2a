import Postgres

extension BankQuestion {
  /// Puts the usual questions into the bank, in the tenant's language, each with the fact that stands in
  /// its place of the list. What the bank holds already stays.
  package static func addStarter(in tx: Transaction<some Entry>) {
    let questions =
      StarterQuestion.english.map { (locale: "en", question: $0) }
      + StarterQuestion.french.map { (locale: "fr", question: $0) }
    tx.run(
      "BankQuestion.addStarter",
      """
      insert into question_bank (tenant_id, id, text, rationale, category, fact_id, embedding, embedding_model)
      select t.id, s.id, s.text, s.rationale, s.category, f.id, s.embedding::vector, \(Playbook.rule)
      from unnest(
        \(SQL.texts(questions.map(\.locale))),
        \(SQL.ids(questions.map { _ in ID<BankQuestion>() })),
        \(SQL.texts(questions.map(\.question.text))),
        \(SQL.texts(questions.map(\.question.rationale))),
        \(SQL.texts(questions.map(\.question.category.rawValue))),
        \(SQL.texts(questions.map { $0.question.fact.map { String($0 + 1) } }))::int[],
        \(SQL.texts(questions.map { Playbook.place($0.question.text).text })))
        s (locale, id, text, rationale, category, place, embedding)
      join tenants t on t.id = app.tenant() and t.locale = s.locale
      left join fact_definitions f
        on f.tenant_id = t.id and f.position = s.place and f.retired_at is null
      on conflict do nothing
      """)
    tx.auditSetting("bank_started", "questions", nil, "\(StarterQuestion.english.count)")
  }
}

/// A question that most sellers ask.
struct StarterQuestion {
  let text: String
  let rationale: String
  let category: Question.Category
  /// The place of its fact in the list that a tenant begins with.
  let fact: Int?

  static let english = [
    StarterQuestion(
      text: "What made you look for this now?",
      rationale: "The trigger tells how urgent it is and what it is measured by.", category: .need,
      fact: 0),
    StarterQuestion(
      text: "What happens if nothing is done?",
      rationale: "Shows what the problem costs, and whether it will be solved at all.",
      category: .need, fact: 0),
    StarterQuestion(
      text: "Which amount would you rather not exceed?",
      rationale: "A limit is easier to name than a budget.", category: .budget, fact: 1),
    StarterQuestion(
      text: "Is there a date that everything hangs on?",
      rationale: "A fixed date decides what is possible.", category: .timing, fact: 2),
    StarterQuestion(
      text: "Who will use it, and who signs for it?",
      rationale: "The two are often different people with different wishes.", category: .decision,
      fact: 3),
    StarterQuestion(
      text: "What has been tried before, and why did it not last?",
      rationale: "Keeps us from offering the same again.", category: .constraints, fact: 4),
    StarterQuestion(
      text: "How many people or places are concerned?",
      rationale: "The extent drives effort and price.", category: .need, fact: 5),
    StarterQuestion(
      text: "Who else have you asked for an offer?",
      rationale: "Tells what ours will be compared with.", category: .competition, fact: 6),
    StarterQuestion(
      text: "How would you notice, a year from now, that it was worth it?",
      rationale: "Names the value in their own words.", category: .need, fact: nil),
  ]

  static let french = [
    StarterQuestion(
      text: "Qu’est-ce qui vous a fait chercher une solution maintenant ?",
      rationale: "Le déclencheur dit l’urgence, et à quoi on mesurera le résultat.",
      category: .need, fact: 0),
    StarterQuestion(
      text: "Que se passe-t-il si rien n’est fait ?",
      rationale: "Montre ce que coûte le problème, et s’il sera vraiment résolu.", category: .need,
      fact: 0),
    StarterQuestion(
      text: "Quel montant préférez-vous ne pas dépasser ?",
      rationale: "Une limite se dit plus facilement qu’un budget.", category: .budget, fact: 1),
    StarterQuestion(
      text: "Y a-t-il une date dont tout dépend ?",
      rationale: "Une date fixe décide de ce qui est possible.", category: .timing, fact: 2),
    StarterQuestion(
      text: "Qui l’utilisera, et qui signera ?",
      rationale: "Ce sont souvent deux personnes, avec des souhaits différents.",
      category: .decision, fact: 3),
    StarterQuestion(
      text: "Qu’a-t-on déjà essayé, et pourquoi cela n’a-t-il pas tenu ?",
      rationale: "Évite de proposer la même chose une seconde fois.", category: .constraints,
      fact: 4),
    StarterQuestion(
      text: "Combien de personnes ou de lieux sont concernés ?",
      rationale: "L’étendue fait l’effort et le prix.", category: .need, fact: 5),
    StarterQuestion(
      text: "À qui d’autre avez-vous demandé une offre ?",
      rationale: "Dit à quoi la nôtre sera comparée.", category: .competition, fact: 6),
    StarterQuestion(
      text: "À quoi verrez-vous, dans un an, que cela valait la peine ?",
      rationale: "Nomme la valeur avec leurs propres mots.", category: .need, fact: nil),
  ]
}
