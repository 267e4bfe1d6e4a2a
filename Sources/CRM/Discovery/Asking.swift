import Postgres

/// What a form says about a question.
package struct QuestionText: Sendable, Equatable {
  package let text: String
  package let rationale: String
  package let category: Question.Category
  package let fact: ID<Fact>?

  package init(text: String, rationale: String, category: Question.Category, fact: ID<Fact>?) {
    self.text = text
    self.rationale = rationale
    self.category = category
    self.fact = fact
  }
}

extension Question {
  /// Adds a question somebody thought of; a worker places it.
  package static func add(
    _ text: QuestionText, to lead: ID<Lead>, as id: ID<Question> = ID(),
    in tx: Transaction<some Entry>
  ) throws {
    try Lead.change(lead, in: tx) { _ in insert(text, to: lead, as: id, in: tx) }
  }

  /// Adds a question of the bank, which counts that it is asked; a worker places it.
  package static func add(
    _ bank: ID<BankQuestion>, to lead: ID<Lead>, as id: ID<Question> = ID(),
    in tx: Transaction<some Entry>
  ) throws {
    let (_, locked, found) = try tx.look(Lead.locked(lead), BankQuestion.find(bank))
    guard let locked, let question = found, !question.isRetired else { throw NotFound() }
    guard locked.life != .deleted else { throw Lead.Refusal.isDeleted }
    let text = QuestionText(
      text: question.details.text, rationale: question.details.rationale,
      category: question.details.category, fact: question.details.fact)
    insert(text, from: bank, to: lead, as: id, in: tx)
  }

  private static func insert(
    _ text: QuestionText, from bank: ID<BankQuestion>? = nil, to lead: ID<Lead>,
    as id: ID<Question>, in tx: Transaction<some Entry>
  ) {
    tx.run(
      "Question.add",
      """
      insert into discovery_questions
        (tenant_id, id, lead_id, text, rationale, category, origin, fact_id, bank_question_id, created_by)
      values (app.tenant(), \(id), \(lead), \(text.text), \(text.rationale), \(text.category), 'human',
              \(text.fact), \(bank), app.actor())
      """)
    tx.record(.questionAdded(id, to: lead, text: text.text))
    tx.askToPlace(id, of: lead)
  }

  /// Looks at the question and its lead, both locked, and lets `decide` queue the changes.
  package static func change(
    _ id: ID<Question>, in tx: Transaction<some Entry>, _ decide: (Question) throws -> Void
  ) throws -> ID<Lead> {
    let (_, lead, found) = try tx.look(Lead.locked(withQuestion: id), locked(id))
    guard let lead, let question = found else { throw NotFound() }
    guard lead.life != .deleted else { throw Lead.Refusal.isDeleted }
    try decide(question)
    return lead.id
  }

  /// Rewords an open question as it stood at `revision`. It is then a person's, but keeps what it came
  /// from.
  package func edit(
    _ new: QuestionText, seen revision: Int, in tx: Transaction<some Entry>
  ) throws {
    try mustBeOpen()
    guard self.revision == revision else { throw Refusal.changedMeanwhile }
    tx.run(
      "Question.edit",
      """
      update discovery_questions
      set text = \(new.text), rationale = \(new.rationale), category = \(new.category),
          fact_id = \(new.fact), embedding = null, embedding_model = null
      where id = \(id)
      """)
    let changes = [
      FieldChange("text", text, new.text), FieldChange("rationale", rationale, new.rationale),
      FieldChange("category", category.rawValue, new.category.rawValue),
      FieldChange("fact", fact?.description, new.fact?.description),
    ].compactMap { $0 }
    tx.audit(changes.map { AuditRow("question_edited", of: "question", id, $0) })
    tx.askToPlace(id, of: lead)
  }

  /// Notes that it was asked and the answer is awaited.
  package func markAsked(in tx: Transaction<some Entry>) throws {
    try mustBeOpen()
    guard status == .proposed else { return }
    setStatus(.asked, in: tx)
    tx.audit([AuditRow("question_asked", of: "question", id)])
  }

  package func dismiss(in tx: Transaction<some Entry>) throws {
    try mustBeOpen()
    setStatus(.dismissed, in: tx)
    tx.record(.questionDismissed(id, of: lead, key: ID<Event>(), text: text))
  }

  /// Puts a dismissed question back among the proposed.
  package func restore(in tx: Transaction<some Entry>) throws {
    guard status == .dismissed else { throw Refusal.isOpen }
    setStatus(.proposed, in: tx)
    tx.audit([AuditRow("question_restored", of: "question", id)])
  }

  /// Records what the lead said. An answered question may be answered again: the newest counts. One that
  /// was dismissed comes back by it only where that is wanted.
  package func answer(
    _ body: String, through channel: DiscoveryAnswer.Channel, as answer: ID<DiscoveryAnswer> = ID(),
    restoring: Bool = false, in tx: Transaction<some Entry>
  ) throws {
    if status == .dismissed {
      guard restoring else { throw Refusal.isDismissed }
      try restore(in: tx)
    }
    tx.run(
      "DiscoveryAnswer.add",
      """
      insert into discovery_answers (tenant_id, id, question_id, body, channel)
      values (app.tenant(), \(answer), \(id), \(body), \(channel))
      """)
    setStatus(.answered, in: tx)
    tx.record(.answerRecorded(answer, to: id, of: lead, question: text, channel: channel))
    tx.askToPlace(id, of: lead)
  }

  /// Moves an open question one place up or down among the open ones; from then on people have the
  /// say over what stands above it.
  package static func move(
    _ id: ID<Question>, isUp: Bool, in tx: Transaction<some Entry>
  ) throws -> ID<Lead> {
    let (_, lead, open) = try tx.look(Lead.locked(withQuestion: id), openInOrder(besides: id))
    guard let lead, let place = open.firstIndex(where: { $0.id == id }) else { throw NotFound() }
    var order = open
    let other = isUp ? place - 1 : place + 1
    guard order.indices.contains(other) else { return lead.id }
    order.swapAt(place, other)
    let lastPinned = order.lastIndex { $0.isPinned } ?? 0
    pin(order.prefix(max(place, other, lastPinned) + 1).map(\.id), in: tx)
    tx.audit([AuditRow(isUp ? "question_moved_up" : "question_moved_down", of: "question", id)])
    return lead.id
  }

  /// Leaves the order to need and nearness again.
  package static func unpinAll(of lead: ID<Lead>, in tx: Transaction<some Entry>) throws {
    try Lead.change(lead, in: tx) { _ in
      tx.run(
        "Question.unpinAll",
        """
        update discovery_questions set position = null
        where lead_id in \(Lead.family(of: lead)) and position is not null
        """
      )
      tx.audit([AuditRow("questions_unpinned", of: "lead", lead)])
    }
  }

  private static func pin(_ ids: [ID<Question>], in tx: Transaction<some Entry>) {
    tx.run(
      "Question.pin",
      """
      update discovery_questions q set position = o.position
      from unnest(\(SQL.ids(ids))) with ordinality o (id, position)
      where q.tenant_id = (select app.tenant()) and q.id = o.id
      """)
  }

  private func setStatus(_ status: Status, in tx: Transaction<some Entry>) {
    tx.run(
      "Question.setStatus",
      "update discovery_questions set status = \(status) where id = \(id)")
  }

  private func mustBeOpen() throws {
    switch status {
    case .answered: throw Refusal.isAnswered
    case .dismissed: throw Refusal.isDismissed
    case .proposed, .asked: break
    }
  }
}

extension Transaction {
  /// Asks a worker for questions about the lead.
  package func askForQuestions(about lead: ID<Lead>) throws {
    try Lead.change(lead, in: self) { _ in ask(.questions, about: lead) }
  }

  /// Asks a worker to place the question, and the lead's words with it, among the others. About the
  /// question, not the lead: it must not stand in the way of a wish for new ones.
  func askToPlace(_ question: ID<Question>, of lead: ID<Lead>) {
    ask(.questions, about: question, .object(["lead": .id(lead)]))
  }
}
