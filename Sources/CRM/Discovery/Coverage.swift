/// What is known of the facts that a scope and an estimate need.
package struct Coverage: Sendable {
  package let lines: [Line]

  package struct Line: Sendable {
    package let fact: Fact
    /// The newest answer to a question that asks for it, and the question.
    package let known: (answer: DiscoveryAnswer, question: Question)?
    /// Somebody asked and waits for the answer.
    package let isAsked: Bool
    /// Some question of the lead asks for it, proposed or asked.
    package let isOpen: Bool
  }

  package init(_ facts: [Fact], _ questions: [Question]) {
    lines = facts.map { fact in
      let asking = questions.filter { $0.fact == fact.id }
      let known = asking.filter { $0.status == .answered }
        .compactMap { question in question.answer.map { (answer: $0, question: question) } }
        .max { $0.answer.at.microseconds < $1.answer.at.microseconds }
      return Line(
        fact: fact, known: known, isAsked: asking.contains { $0.status == .asked },
        isOpen: asking.contains { $0.status.isOpen })
    }
  }

  /// How many of the facts that `isNeeded` are known, and how many there are.
  package func count(where isNeeded: (FactDetails) -> Bool) -> (known: Int, needed: Int) {
    let needed = lines.filter { isNeeded($0.fact.details) }
    return (needed.count { $0.known != nil }, needed.count)
  }
}
