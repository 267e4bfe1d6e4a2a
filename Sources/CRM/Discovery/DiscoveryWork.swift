import Postgres

/// Does the jobs of discovery: proposes questions for a lead, and places what people wrote.
///
/// The model is asked between two transactions, never inside one. What it costs and says is logged
/// with what came of it, or alone where nothing did.
package struct DiscoveryWork: JobWork, Sendable {
  package let kind = Job.Kind.questions
  private let gateway: AIGateway

  package init(_ gateway: AIGateway) { self.gateway = gateway }

  package func run(
    _ job: LeasedJob, on database: Database, mayGoOn: () -> Bool
  ) throws -> JobEnd {
    do {
      guard let text = try JSONValue(parsing: Array(job.parameters.utf8))["lead"]?.string else {
        return try propose(job, on: database)
      }
      guard let lead = ID<Lead>(text) else { throw NotFound() }
      return try place(lead, job, on: database)
    } catch is NotFound {
      return .failed("lead_gone")
    }
  }

  private func propose(_ job: LeasedJob, on database: Database) throws -> JobEnd {
    let lead = try job.subject(Lead.self)
    let stock = try Material.Stock(lead, for: job, on: database)
    let material = Material(stock)
    let (_, bank) = try database.read(
      as: job, BankQuestion.candidates(near: Playbook.place(material.context), for: lead))
    let asking = QuestionRequest(material: material, bank: bank, locale: stock.locale)
    let reply = gateway.ask(
      asking.request, sources: material.sources, pseudonyms: material.pseudonyms,
      tokensLeft: stock.budget.tokensLeft)
    switch reply.result {
    case .failure(let status):
      try database.write(as: job) { tx in AIAction.log(reply.attempts, about: lead, in: tx) }
      // A code, not a sentence: the page says it in the reader's language.
      return .failed(status.rawValue)
    case .success(let answer):
      let proposals = asking.proposals(in: answer)
      let placed = Placing(material, proposals).run(
        gateway, tokensLeft: stock.budget.tokensLeft - reply.tokens)
      try database.write(as: job) { tx in
        AIAction.log(reply.attempts + placed.attempts, about: lead, in: tx)
        placed.save(for: lead, in: tx)
        guard let action = reply.attempts.last else { return }
        save(proposals, placed, action, lead, in: tx)
        tx.advance(job, done: proposals.count, of: proposals.count)
      }
      return .done
    }
  }

  private func save(
    _ proposals: [QuestionRequest.Proposal], _ placed: Placing.Result, _ action: AIAction,
    _ lead: ID<Lead>, in tx: Transaction<LeasedJob>
  ) {
    guard !proposals.isEmpty else { return }
    let origin: Question.Origin = gateway.provider.isMetered ? .ai : .playbook
    let entries = proposals.map { $0.json(placed.proposals[$0.id], placed.model) }
    tx.run(
      "Question.propose",
      "select app.propose_questions(\(action.id), \(origin), \(JSON.array(entries)))")
    tx.record(.questionsGenerated(action.id, for: lead, origin: origin, count: proposals.count))
  }

  private func place(
    _ lead: ID<Lead>, _ job: LeasedJob, on database: Database
  ) throws -> JobEnd {
    let stock = try Material.Stock(lead, for: job, on: database)
    let placed = Placing(Material(stock), []).run(gateway, tokensLeft: stock.budget.tokensLeft)
    try database.write(as: job) { tx in
      AIAction.log(placed.attempts, about: lead, in: tx)
      placed.save(for: lead, in: tx)
    }
    return placed.failure.map { .failed($0.rawValue) } ?? .done
  }
}

extension AIGateway.Reply {
  var tokens: Int { attempts.reduce(0) { $0 + $1.inputTokens + $1.outputTokens } }
}
