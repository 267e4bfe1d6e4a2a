/// How the playbook chooses questions: for each fact that is not known the nearest of the bank, or
/// the fact's own question; then what else in the bank is near to the lead's words.
struct PlaybookRule {
  let sources: [Source]
  let questions: [Question]
  let facts: [Fact]
  let bank: [(name: String, question: BankQuestion)]

  static let countMax = 5

  var proposals: [JSON] {
    var taken = Set(questions.map { $0.text.lowercased() })
    var proposals: [JSON] = []
    for fact in missing where proposals.count < Self.countMax {
      let choice = bank.first {
        $0.question.details.fact == fact.id
          && !taken.contains($0.question.details.text.lowercased())
      }
      let text = choice?.question.details.text ?? fact.details.question
      guard taken.insert(text.lowercased()).inserted else { continue }
      proposals.append(
        proposal(
          text, choice?.question.details.rationale ?? "",
          choice?.question.details.category ?? .other, fact: fact.name, bank: choice?.name))
    }
    for (name, question) in bank where proposals.count < Self.countMax {
      guard
        question.details.fact == nil || missing.contains(where: { $0.id == question.details.fact }),
        taken.insert(question.details.text.lowercased()).inserted
      else { continue }
      proposals.append(
        proposal(
          question.details.text, question.details.rationale, question.details.category,
          fact: question.factName, bank: name))
    }
    return proposals
  }

  /// Facts nobody knows or is asking for yet, the heaviest first.
  private var missing: [Fact] {
    let covered = Set(questions.filter { $0.status != .dismissed }.compactMap { $0.fact })
    return facts.filter { !covered.contains($0.id) }
      .sorted { $0.details.weight > $1.details.weight }
  }

  private func proposal(
    _ text: String, _ rationale: String, _ category: Question.Category, fact: String?, bank: String?
  ) -> JSON {
    .object([
      "text": .string(text), "rationale": .string(rationale),
      "category": .string(category.rawValue),
      "fact": .string(fact ?? QuestionRequest.none), "bank": .string(bank ?? QuestionRequest.none),
      "citations": .array(nearestSentence(to: text).map { [$0.json] } ?? []),
    ])
  }

  /// The sentence of the lead's words that shares most with the question, where any does.
  private func nearestSentence(to text: String) -> Citation? {
    let place = Playbook.place(text)
    let sentences = sources.flatMap { source in
      source.text.split(whereSeparator: { ".?!\n".contains($0) })
        .map { Citation(source: source.name, quote: String($0.prefix(300))) }
        .filter { $0.quote.utf8.count >= 12 }
    }
    return sentences.prefix(100).map { ($0, place.distance(to: Playbook.place($0.quote))) }
      .filter { $0.1 < 0.75 }.min { $0.1 < $1.1 }?.0
  }
}
