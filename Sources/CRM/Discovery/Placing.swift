import Postgres

/// Finds where a lead's words and its questions stand, in one request: the words, the new proposals,
/// and every question that has no place in this model yet.
struct Placing {
  private let context: String
  private let proposals: [(id: ID<Question>, text: String)]
  private let questions: [(id: ID<Question>, text: String)]

  init(_ material: Material, _ proposals: [QuestionRequest.Proposal]) {
    var pseudonyms = material.pseudonyms
    context = material.context
    self.proposals = proposals.map { ($0.id, pseudonyms.hide($0.text)) }
    questions = material.questions.filter { $0.status.isOpen }.prefix(Self.questionsMax)
      .map { ($0.id, pseudonyms.hide($0.text)) }
  }

  private static let questionsMax = 80

  struct Result {
    /// Empty where the request failed: questions without a place are shown all the same.
    let proposals: [ID<Question>: Embedding]
    let questions: [ID<Question>: Embedding]
    let context: Embedding?
    let model: String?
    let attempts: [AIAction]
    let failure: AIAction.Status?
  }

  func run(_ gateway: AIGateway, tokensLeft: Int) -> Result {
    let texts = [context] + proposals.map(\.text) + questions.map(\.text)
    let reply = gateway.embed(texts, tokensLeft: tokensLeft)
    switch reply.result {
    case .failure(let status):
      return Result(
        proposals: [:], questions: [:], context: nil, model: nil, attempts: reply.attempts,
        failure: status)
    case .success(let places):
      let ids = proposals.map(\.id) + questions.map(\.id)
      let pairs = Array(zip(ids, places.vectors.dropFirst()))
      return Result(
        proposals: Dictionary(uniqueKeysWithValues: pairs.prefix(proposals.count)),
        questions: Dictionary(uniqueKeysWithValues: pairs.dropFirst(proposals.count)),
        context: places.vectors.first, model: places.model, attempts: reply.attempts, failure: nil)
    }
  }
}

extension Placing.Result {
  func save(for lead: ID<Lead>, in tx: Transaction<LeasedJob>) {
    guard let context, let model else { return }
    tx.run(
      "Placing.saveContext",
      """
      insert into lead_embeddings (tenant_id, lead_id, model, embedding)
      values (app.tenant(), \(lead), \(model), \(context))
      on conflict (tenant_id, lead_id) do update set model = excluded.model, embedding = excluded.embedding
      """)
    guard !questions.isEmpty else { return }
    let pairs = Array(questions)
    tx.run(
      "Placing.saveQuestions",
      """
      update discovery_questions q set embedding = p.embedding::vector, embedding_model = \(model)
      from unnest(\(SQL.ids(pairs.map(\.key))), \(SQL.texts(pairs.map(\.value.text)))) p (id, embedding)
      where q.tenant_id = app.tenant() and q.id = p.id
      """)
  }
}
