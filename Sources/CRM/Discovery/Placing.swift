import Postgres

/// Finds where a lead's words and its questions stand, in one request: the words, the new proposals,
/// and every open question that has no place among them yet. A model that answers under another name
/// than last time is asked once more, for the others.
struct Placing {
  private let context: String
  private let proposals: [Subject]
  private let unplaced: [Subject]
  private let placed: [Subject]
  private let placedIn: String?

  private struct Subject {
    let id: ID<Question>
    let text: String
    let hidden: String
  }

  init(_ material: Material, _ proposals: [QuestionRequest.Proposal]) {
    var pseudonyms = material.pseudonyms
    context = material.context
    placedIn = material.placedIn
    self.proposals = proposals.map {
      Subject(id: $0.id, text: $0.text, hidden: pseudonyms.hide($0.text))
    }
    let open = material.questions.filter { $0.status.isOpen }
    func some(_ questions: [Question]) -> [Subject] {
      questions.prefix(Self.questionsMax).map {
        Subject(id: $0.id, text: $0.text, hidden: pseudonyms.hide($0.text))
      }
    }
    unplaced = some(open.filter { $0.standing.relevance == nil })
    placed = some(open.filter { $0.standing.relevance != nil })
  }

  private static let questionsMax = 80

  struct Result {
    /// Empty where the request failed: questions without a place are shown all the same.
    var proposals: [ID<Question>: Embedding] = [:]
    var questions: [Place] = []
    var context: Embedding?
    var model: String?
    var attempts: [AIAction] = []
    var failure: AIAction.Status?
  }

  struct Place {
    let question: ID<Question>
    /// What was placed: by now it may read otherwise.
    let text: String
    let embedding: Embedding
  }

  func run(_ gateway: AIGateway, tokensLeft: Int) -> Result {
    let subjects = proposals + unplaced
    let reply = gateway.embed([context] + subjects.map(\.hidden), tokensLeft: tokensLeft)
    var result = Result(attempts: reply.attempts)
    switch reply.result {
    case .failure(let status): result.failure = status
    case .success(let places):
      result.context = places.vectors.first
      result.model = places.model
      let vectors = places.vectors.dropFirst()
      result.proposals = Dictionary(uniqueKeysWithValues: zip(proposals.map(\.id), vectors))
      result.questions = Self.places(of: unplaced, Array(vectors.dropFirst(proposals.count)))
      if let placedIn, placedIn != places.model {
        placeAgain(&result, gateway, tokensLeft: tokensLeft - reply.tokens)
      }
    }
    return result
  }

  /// Only places of one model can be compared.
  private func placeAgain(_ result: inout Result, _ gateway: AIGateway, tokensLeft: Int) {
    guard !placed.isEmpty else { return }
    let reply = gateway.embed(placed.map(\.hidden), tokensLeft: tokensLeft)
    result.attempts += reply.attempts
    switch reply.result {
    case .failure(let status): result.failure = status
    case .success(let places) where places.model == result.model:
      result.questions += Self.places(of: placed, places.vectors)
    case .success: break  // It changed once more; the next job finds them without a place.
    }
  }

  private static func places(of subjects: [Subject], _ vectors: [Embedding]) -> [Place] {
    zip(subjects, vectors).map { Place(question: $0.id, text: $0.text, embedding: $1) }
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
    tx.run(
      "Placing.saveQuestions",
      """
      update discovery_questions q set embedding = p.embedding::vector, embedding_model = \(model)
      from unnest(\(SQL.ids(questions.map(\.question))), \(SQL.texts(questions.map(\.text))),
                  \(SQL.texts(questions.map(\.embedding.text)))) p (id, text, embedding)
      where q.tenant_id = (select app.tenant()) and q.id = p.id and q.text = p.text
      """)
  }
}
