import Postgres

/// What the people of the demo asked their leads, and what they heard. The worker proposes more as soon
/// as it runs.
extension DemoDesk {
  func askQuestions(_ plans: [DemoLead], _ leads: [ID<Lead>]) throws {
    guard try look(Self.isAsked) == false else { return }
    let open = plans.indices.reversed().filter {
      plans[$0].owner == .sales && plans[$0].ending == nil && plans[$0].suppressedReason == nil
        && !plans[$0].steps.isEmpty
    }
    let facts = try look(
      Query(
        "Demo.facts",
        "select id from fact_definitions where tenant_id = (select app.tenant()) order by position",
        all: { try $0.next(ID<Fact>.self) }))
    for (index, talk) in zip(open, Self.talks) {
      for said in talk { try hear(said, from: leads[index], facts) }
    }
    for index in open.prefix(4) {
      try act(as: .sales) { tx in try tx.askForQuestions(about: leads[index]) }
    }
  }

  private static let isAsked = Query<Bool>(
    "Demo.isAsked",
    "select exists (select from discovery_questions where tenant_id = (select app.tenant()))",
    only: { try $0.next() })

  private func hear(_ said: Said, from lead: ID<Lead>, _ facts: [ID<Fact>]) throws {
    let question = ID<Question>()
    try act(as: .sales) { tx in
      try Question.add(
        QuestionText(
          text: said.question, rationale: said.rationale, category: said.category,
          fact: facts.indices.contains(said.fact) ? facts[said.fact] : nil),
        to: lead, as: question, in: tx)
    }
    guard let answer = said.answer else { return }
    try act(as: .sales) { tx in
      _ = try Question.change(question, in: tx) { asked in
        try asked.answer(answer, through: said.channel, in: tx)
      }
    }
  }

  private struct Said {
    let question: String
    let rationale: String
    let category: Question.Category
    /// The place of its fact in the list a tenant begins with.
    let fact: Int
    let channel: DiscoveryAnswer.Channel
    var answer: String?
  }

  private static let talks: [[Said]] = [
    [
      Said(
        question: "What is wrong with the kitchen you have?",
        rationale: "What annoys every day decides what the new one is judged by.",
        category: .need, fact: 0, channel: .meeting,
        answer: "No place to set anything down next to the stove, and the drawers stick."),
      Said(
        question: "Is there an amount you would rather not exceed?",
        rationale: "Oak or veneer depends on it.", category: .budget, fact: 1, channel: .call,
        answer: "Fifteen thousand with everything, floor included."),
      Said(
        question: "Who decides about the colour?",
        rationale: "Two people were at the first visit and did not agree.", category: .decision,
        fact: 3, channel: .call),
    ],
    [
      Said(
        question: "Until when does the room have to be usable again?",
        rationale: "Drying alone takes two weeks.", category: .timing, fact: 2, channel: .email,
        answer: "Before the school term starts again.")
    ],
  ]
}
